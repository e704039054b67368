include_guard(GLOBAL)

# annals_choose(<out> <name> <what> <modules>…)
#
# Sets <out> to whether the rooms that need these pkg-config modules are built: as the cache variable
# ANNALS_WITH_<name> says (ON, OFF), or, with AUTO, where all of them are installed. AUTO looks again
# each time: a folder configured before one was installed does not stay without.
function(annals_choose out name what)
  set(ANNALS_WITH_${name} AUTO CACHE STRING
      "Build what needs ${ARGN}: ON, OFF, or AUTO, where that is installed")
  set_property(CACHE ANNALS_WITH_${name} PROPERTY STRINGS AUTO ON OFF)
  set(chosen ${ANNALS_WITH_${name}})
  if(chosen STREQUAL AUTO)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(ANNALS_FOR_${name} QUIET ${ARGN})
    endif()
    set(chosen ${ANNALS_FOR_${name}_FOUND})
  endif()
  if(NOT chosen)
    set(chosen OFF)
    message(STATUS "Without ${what}: ${ARGN} is not installed, or ANNALS_WITH_${name} is off")
  endif()
  set(${out} ${chosen} PARENT_SCOPE)
endfunction()
