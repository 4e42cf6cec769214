// SPDX-License-Identifier: BSD-3-Clause
// What must hold for every input; libFuzzer keeps one for which it does not.
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
