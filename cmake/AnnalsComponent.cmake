include_guard(GLOBAL)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(ANNALS_CMAKE_DIR "${CMAKE_CURRENT_LIST_DIR}")

# All that is installed, and no more: what `make install` builds.
add_custom_target(annals_installed)

# annals_add_component(<name> SOURCES … HEADERS … [LINK …] [LINK_PRIVATE …] [FIND …] [PKG …])
#
# Makes the library annals_<name>, its alias annals::<name> and the export set
# annals-<name>-targets.
#   HEADERS       public; they lie under <room>/include and must compile alone.
#   LINK          part of the interface; other rooms as annals::<room>.
#   LINK_PRIVATE  used inside only. A static library's user links it all the same.
#   FIND          packages for find_package, here and again in the installed package. One entry may
#                 carry arguments: "Boost 1.74", "OpenSSL COMPONENTS Crypto".
#   PKG           pkg-config modules, linked privately and found again likewise.
# A component without SOURCES is an INTERFACE library.
function(annals_add_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;LINK;LINK_PRIVATE;FIND;PKG")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "annals_add_component(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  string(REPLACE "-" "_" target "annals_${name}")

  foreach(package IN LISTS arg_FIND)
    separate_arguments(words UNIX_COMMAND "${package}")
    find_package(${words} REQUIRED)
  endforeach()

  if(arg_SOURCES)
    add_library(${target} ${arg_SOURCES})
    set(scope PUBLIC)
    target_compile_options(${target} PRIVATE ${ANNALS_WARNINGS})
    target_include_directories(${target} PRIVATE src)
    target_link_libraries(${target} PRIVATE ${arg_LINK_PRIVATE})
    set_target_properties(${target} PROPERTIES
      VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(annals::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_link_libraries(${target} ${scope} ${arg_LINK})
  if(arg_HEADERS)
    target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  endif()
  foreach(module IN LISTS arg_PKG)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(${module} REQUIRED IMPORTED_TARGET GLOBAL ${module})
    target_link_libraries(${target} PRIVATE PkgConfig::${module})
  endforeach()

  install(TARGETS ${target} EXPORT annals-${name}-targets FILE_SET HEADERS)
  add_dependencies(annals_installed ${target})
  install(EXPORT annals-${name}-targets NAMESPACE annals::
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/annals)

  set(needs ${arg_LINK} ${arg_LINK_PRIVATE})
  list(FILTER needs INCLUDE REGEX "^annals::")
  list(TRANSFORM needs REPLACE "^annals::" "")
  list(JOIN needs " " needs)
  list(JOIN arg_PKG " " modules)
  set(find "")
  foreach(package IN LISTS arg_FIND)
    string(APPEND find " \"${package}\"")
  endforeach()
  set_property(GLOBAL APPEND PROPERTY ANNALS_COMPONENTS ${name})
  string(CONCAT rows
    "set(_annals_needs_${name} ${needs})\n"
    "set(_annals_find_${name}${find})\n"
    "set(_annals_pkg_${name} ${modules})\n")
  set_property(GLOBAL APPEND_STRING PROPERTY ANNALS_COMPONENT_TABLE "${rows}")
endfunction()

# Writes and installs the package files. Call once, after the last annals_add_component.
function(annals_install_package)
  get_property(ANNALS_COMPONENTS GLOBAL PROPERTY ANNALS_COMPONENTS)
  get_property(ANNALS_COMPONENT_TABLE GLOBAL PROPERTY ANNALS_COMPONENT_TABLE)
  set(destination ${CMAKE_INSTALL_LIBDIR}/cmake/annals)
  configure_package_config_file(${ANNALS_CMAKE_DIR}/annalsConfig.cmake.in annalsConfig.cmake
    INSTALL_DESTINATION ${destination} NO_SET_AND_CHECK_MACRO)
  write_basic_package_version_file(annalsConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/annalsConfig.cmake
                ${CMAKE_CURRENT_BINARY_DIR}/annalsConfigVersion.cmake
          DESTINATION ${destination})
endfunction()

# What every target of the project is compiled with.
set(ANNALS_WARNINGS -Wall -Wextra -Wpedantic)
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # It takes files that are compiled together for headers.
  list(APPEND ANNALS_WARNINGS -Wno-subobject-linkage)
endif()
if(ANNALS_WERROR)
  list(APPEND ANNALS_WARNINGS -Werror)
endif()
