// SPDX-License-Identifier: BSD-3-Clause
// MUST(condition): aborts if the condition does not hold, so that libFuzzer keeps the input.
#pragma once

#include <cstdio>
#include <cstdlib>

#define MUST(what)                                                                 \
  do {                                                                             \
    if (!(what)) {                                                                 \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)
