# Runs PROGRAM twice in the emptied FOLDER. The first output must be the text that PAGE shows below
# the program; the second run must find what the first one wrote, so its output matches SECOND.
file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
foreach(run IN ITEMS first second)
  execute_process(COMMAND "${PROGRAM}" WORKING_DIRECTORY "${FOLDER}"
                  OUTPUT_VARIABLE ${run} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

set(fence "```")
file(READ "${PAGE}" page)
string(FIND "${page}" "<!-- output of the program above -->\n${fence}text\n${first}${fence}\n" at)
if(at EQUAL -1)
  message(FATAL_ERROR "the page does not show what the program prints:\n${first}")
endif()
if(NOT second MATCHES "${SECOND}")
  message(FATAL_ERROR "the second run does not find what the first one wrote:\n${second}")
endif()
