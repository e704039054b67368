include_guard(GLOBAL)

if(ANNALS_BUILD_TESTS OR ANNALS_WITH_TESTKIT)
  find_package(GTest REQUIRED)
endif()
include(GoogleTest)

# Data that may not be copied into the project; tests that need it are labelled external-data. The
# environment variable ANNALS_TEST_DATA overrides this.
set(ANNALS_TEST_DATA_DEFAULT "${PROJECT_SOURCE_DIR}/../shared/data")

# A third less time to compile than with -O1, and less again without the lines of a debugger, which
# the sanitizers' presets keep. What is tested is compiled as its library is.
set(ANNALS_TEST_OPTIMISATION $<$<NOT:$<CONFIG:Debug>>:-Og> $<$<CONFIG:Release>:-g0>)

if(ANNALS_BUILD_TESTS)
  add_custom_target(sanitized_tests)
endif()

# annals_add_test(<name> SOURCES … [LABELS …] [LINK …] [TIMEOUT <seconds>] [POSTGRES]
#                 [KAFKA] [ALONE])
#
# Makes the program <name> of GoogleTest tests, with gtest's main, and tells ctest of each test in it
# as <name>.<suite>.<test>.
#   LABELS   unit if not given. Known: unit crash simulation soak external-data install lint docs
#            compile-fail postgres kafka.
#   LINK     what the tests use, such as annals::eventstore annals::testkit.
#   TIMEOUT  of one test, 120 seconds if not given.
#   POSTGRES the tests share a PostgreSQL server, which ctest starts before and ends after them: see
#            tests/postgres. LINK postgres_test_database then.
#   ALONE    nothing else runs meanwhile.
#   KAFKA    likewise a broker: see tests/kafka. LINK kafka_test_brokers then.
# A test under tests/<room> also has the room's name as a label if the room is one of the engine's. The
# unit tests of those, and all tests of the rooms on PostgreSQL, have the label sanitize, and the target
# sanitized_tests builds their programs: CI runs them under sanitizers.
# The programs see ANNALS_SOURCE_DIR and ANNALS_TEST_DATA_DEFAULT as string literals. Without
# ANNALS_BUILD_TESTS the function does nothing.
function(annals_add_test name)
  if(NOT ANNALS_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "POSTGRES;KAFKA;ALONE" "TIMEOUT" "SOURCES;LABELS;LINK")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "annals_add_test(${name}): SOURCES missing or unknown arguments "
                        "${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  get_filename_component(room "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  set(sanitize FALSE)
  if(room MATCHES "^(eventstore|codec|aggregates|commands|projections|projections_sqlite|queries|observability)$")
    list(APPEND arg_LABELS ${room})
    if("unit" IN_LIST arg_LABELS)
      set(sanitize TRUE)
    endif()
  elseif(room MATCHES "^(postgres|eventstore_postgres|projections_postgres)$")
    set(sanitize TRUE)
  endif()
  add_executable(${name} ${arg_SOURCES})
  if(sanitize)
    list(APPEND arg_LABELS sanitize)
    add_dependencies(sanitized_tests ${name})
    if(arg_POSTGRES)
      add_dependencies(${name} postgres_test_server)
    endif()
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LINK} GTest::gtest_main)
  target_compile_features(${name} PRIVATE cxx_std_20)
  # "<room>/x.hpp" is a header of another room's tests.
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_options(${name} PRIVATE ${ANNALS_WARNINGS} ${ANNALS_TEST_OPTIMISATION})
  target_precompile_headers(${name} REUSE_FROM annals_test_headers)
  target_compile_definitions(${name} PRIVATE
    BOOST_ALL_NO_LIB  # As the precompiled headers, whether it uses Boost or not.
    ANNALS_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    ANNALS_TEST_DATA_DEFAULT="${ANNALS_TEST_DATA_DEFAULT}")
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    TEST_PREFIX ${name}. TEST_LIST ${name}_TESTS PROPERTIES TIMEOUT ${arg_TIMEOUT})
  set(servers "")
  if(arg_POSTGRES)
    list(APPEND servers annals_postgres_server)
  endif()
  if(arg_KAFKA)
    list(APPEND servers annals_kafka_brokers)
  endif()
  # Labels are set after discovery, in a file that ctest includes: gtest_discover_tests flattens
  # lists, and would keep only the first.
  set(labels_file "${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake")
  file(CONFIGURE OUTPUT "${labels_file}" @ONLY CONTENT [[
foreach(test IN LISTS @name@_TESTS)
  set_tests_properties("${test}" PROPERTIES LABELS "@arg_LABELS@"
    FIXTURES_REQUIRED "@servers@" RUN_SERIAL "@arg_ALONE@")
  if(DEFINED ENV{ANNALS_SOAK})
    set_tests_properties("${test}" PROPERTIES TIMEOUT 86400)
  endif()
endforeach()
]])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${labels_file}")
endfunction()
