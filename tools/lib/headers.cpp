// SPDX-License-Identifier: BSD-3-Clause
// The library that the precompiled header belongs to.
