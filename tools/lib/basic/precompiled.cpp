// SPDX-License-Identifier: BSD-3-Clause
// The source of the library that compiles the precompiled header.
#include "basic/precompiled.h"
