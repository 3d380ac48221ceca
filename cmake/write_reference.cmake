# cmake -DCARAT=PROGRAM -DCHANGELOG=FILE -DOUT=DIR -P write_reference.cmake
#
# Lets the program write its manual pages (compressed, without times: the same program gives the same bytes) and
# completions below OUT, and puts the compressed changelog there, laid out as they are installed below share/.
file(REMOVE_RECURSE "${OUT}")  # pages of commands that are no more

function(run_carat out)
  execute_process(COMMAND "${CARAT}" ${ARGN} OUTPUT_VARIABLE text RESULT_VARIABLE status ERROR_VARIABLE message)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${CARAT} ${ARGN}: ${message}")
  endif()
  file(WRITE "${out}" "${text}")
endfunction()

function(compress file)
  execute_process(COMMAND gzip -9nf "${file}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(write_manual_page page)
  run_carat("${OUT}/man/man1/${page}" ${ARGN})
  compress("${OUT}/man/man1/${page}")
endfunction()

write_manual_page(carat.1 help --format man)
execute_process(COMMAND "${CARAT}" help --json OUTPUT_VARIABLE reference COMMAND_ERROR_IS_FATAL ANY)
string(JSON n LENGTH "${reference}" commands)
math(EXPR last "${n} - 1")
foreach(i RANGE ${last})
  string(JSON name GET "${reference}" commands ${i} name)
  write_manual_page(carat-${name}.1 help ${name} --format man)
endforeach()

run_carat("${OUT}/bash-completion/completions/carat" completion bash)
run_carat("${OUT}/zsh/vendor-completions/_carat" completion zsh)
run_carat("${OUT}/fish/vendor_completions.d/carat.fish" completion fish)

file(COPY "${CHANGELOG}" DESTINATION "${OUT}/doc/carat")
compress("${OUT}/doc/carat/changelog")
