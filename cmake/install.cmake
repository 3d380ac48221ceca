# cmake --install BUILD [--prefix DIR], and cpack -G DEB: the program, its manual pages and completions, what to read.
include(GNUInstallDirs)

set(carat_reference "${CMAKE_BINARY_DIR}/reference")
add_custom_command(OUTPUT "${carat_reference}/man/man1/carat.1.gz"
  COMMAND ${CMAKE_COMMAND} "-DCARAT=$<TARGET_FILE:carat>" "-DOUT=${carat_reference}"
    "-DCHANGELOG=${CMAKE_SOURCE_DIR}/cmake/debian/changelog" -P "${CMAKE_SOURCE_DIR}/cmake/write_reference.cmake"
  DEPENDS carat "${CMAKE_SOURCE_DIR}/cmake/write_reference.cmake" "${CMAKE_SOURCE_DIR}/cmake/debian/changelog"
  COMMENT "Writing manual pages and completions" VERBATIM)
add_custom_target(reference ALL DEPENDS "${carat_reference}/man/man1/carat.1.gz")

install(TARGETS carat RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(DIRECTORY "${carat_reference}/" DESTINATION "${CMAKE_INSTALL_DATADIR}")
install(FILES README.md docs/cli.md docs/tour.md docs/arithmetic.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES cmake/debian/copyright DESTINATION "${CMAKE_INSTALL_DOCDIR}")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME carat)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "The carat founders <carat@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "local engine for the Gemma 4 family")
set(CPACK_PACKAGE_DESCRIPTION
"Runs Gemma 4 (E2B, E4B, 12B, 26B-A4B, 31B) and Gemma 3 text models on the
CPU, from GGUF files and Hugging Face folders: chat, answers, evaluation.
Nothing leaves the machine; the program opens no network connection.
.
Models are not part of this package.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
include(CPack)
