# SPDX-License-Identifier: BSD-3-Clause
# chos_room(NAME SOURCES ... [ALONE ...] [USES ROOM ...] [LIBRARIES ...] [TESTS ...] [TEST_LIBRARIES ...])
#
# One room of the library: the static library chos_NAME of the sources in this folder, linked with the
# rooms that it may include (ARCHITECTURE.md), and the unit tests that stand beside them, in one program
# chos_NAME_tests.  The preset dev compiles all SOURCES in one piece, except those that are also in ALONE.

# Compiles a target with the precompiled header of another one.
function(chos_precompiled name from)
  if(NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    target_precompile_headers(${name} REUSE_FROM ${from})
  endif()
endfunction()

# The unit tests of one folder as one program, which ctest runs.
function(chos_tests name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LIBRARIES;PROGRAMS;DEFINITIONS" ${ARGN})
  if(NOT CHOS_BUILD_TESTS)
    return()
  endif()
  add_executable(${name} ${TEST_SOURCES})
  chos_precompiled(${name} chos_test_headers)
  # Each test alone: fixtures of one room have the same names.
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support)
  target_link_libraries(${name} PRIVATE ${TEST_LIBRARIES} GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE ${TEST_DEFINITIONS})
  # Tests that run programs know their paths by definitions: CHOS_PROGRAM is that of chos.
  foreach(program IN LISTS TEST_PROGRAMS)
    string(TOUPPER ${program} macro)
    string(REPLACE "-" "_" macro ${macro})
    target_compile_definitions(${name} PRIVATE ${macro}_PROGRAM="$<TARGET_FILE:${program}>")
    add_dependencies(${name} ${program})
  endforeach()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60)
endfunction()

# A second build of a program, for the tests alone: NAME_test, whose main() in tests/support takes paths from
# the environment.  The installed program has no option for them.
function(chos_test_program name)
  if(NOT CHOS_BUILD_TESTS)
    return()
  endif()
  string(REPLACE "-" "_" file ${name})
  add_executable(${name}_test ${PROJECT_SOURCE_DIR}/tests/support/${file}_main.cpp)
  set_target_properties(${name}_test PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/for_tests
    LINK_OPTIONS "$<TARGET_PROPERTY:${name},LINK_OPTIONS>")
  target_link_libraries(${name}_test PRIVATE $<TARGET_PROPERTY:${name},LINK_LIBRARIES>)
endfunction()

function(chos_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;ALONE;USES;LIBRARIES;TESTS;TEST_LIBRARIES;TEST_PROGRAMS;TEST_DEFINITIONS" ${ARGN})
  add_library(chos_${name} STATIC ${ROOM_SOURCES})
  set_source_files_properties(${ROOM_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  chos_precompiled(chos_${name} chos_headers)
  list(TRANSFORM ROOM_USES PREPEND chos_)
  target_link_libraries(chos_${name} PUBLIC ${ROOM_USES} PRIVATE ${ROOM_LIBRARIES})
  target_include_directories(chos_${name} PUBLIC
    ${PROJECT_SOURCE_DIR}/tools/lib ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/generated)
  if(ROOM_TESTS)
    chos_tests(chos_${name}_tests SOURCES ${ROOM_TESTS} LIBRARIES chos_${name} ${ROOM_TEST_LIBRARIES}
               PROGRAMS ${ROOM_TEST_PROGRAMS} DEFINITIONS ${ROOM_TEST_DEFINITIONS})
  endif()
endfunction()
