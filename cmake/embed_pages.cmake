# cmake -DPAGES="FILE;FILE;…" -DOUT=pages.cc -P embed_pages.cmake
#
# Writes the function page_of (src/cli/page.h) over NAME.md and NAME.schema.json files, each as a raw string.
set(names "")
foreach(page IN LISTS PAGES)
  get_filename_component(name "${page}" NAME_WE)
  list(APPEND names "${name}")
endforeach()
list(REMOVE_DUPLICATES names)

# The text of the page of that file name, or "".
function(read_page file_name variable)
  set(text "")
  foreach(page IN LISTS PAGES)
    get_filename_component(this "${page}" NAME)
    if(this STREQUAL file_name)
      file(READ "${page}" text)
    endif()
  endforeach()
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

file(WRITE "${OUT}.new" "// Made by cmake/embed_pages.cmake from src/cli/pages.\n#include \"cli/page.h\"\n\nnamespace carat::cli {\n\nPage page_of(std::string_view name) {\n")
foreach(name IN LISTS names)
  read_page("${name}.md" markdown)
  read_page("${name}.schema.json" schema)
  file(APPEND "${OUT}.new" "  if (name == \"${name}\") return {R\"page(${markdown})page\", R\"page(${schema})page\"};\n")
endforeach()
file(APPEND "${OUT}.new" "  return {};\n}\n\n}  // namespace carat::cli\n")
file(RENAME "${OUT}.new" "${OUT}")
