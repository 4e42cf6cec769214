// SPDX-License-Identifier: BSD-3-Clause
// Steps that several batch systems have in common: a line in a file, a whole file, and values that
// are saved for disable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "basic/result.h"
#include "batch/batch.h"
#include "batch/block.h"
#include "batch/file.h"

namespace chos {

/// The plan of a single step, or that step's Error.
Result<BatchPlan> plan_of(Result<BatchStep> step, std::vector<std::string> next = {});

/// A step that writes `text` to `file`, or removes the file if `text` is empty.
///
/// `original` is the content without anything from chos; it is backed up first unless it is empty.
BatchStep change_text(const BatchNode& node, const std::string& system,
                      const std::shared_ptr<BatchFile>& file, const std::string& original,
                      const std::string& text, const std::string& what);

/// A step that adds `line` to the end of `path`; it changes nothing if the line is there already.
/// Error: EEXIST if the file has a conflicting line.
Result<BatchStep> put_line(const BatchNode& node, const std::string& system, const std::string& path,
                           const std::string& line, const LineClassifier& classify);

/// A step that removes the line again, and the file if nothing else is in it.
/// Error: EEXIST if the line was written by hand.
Result<BatchStep> drop_line(const BatchNode& node, const std::string& system, const std::string& path,
                            const LineClassifier& classify);

/// Whether `path` has the line.
BatchState line_state(const std::string& system, const std::string& path, const LineClassifier& classify);

/// A step that creates `path` with `content`.  An existing file that contains `sign` is kept: an admin
/// has edited it.  Error: EEXIST if any other file is there.
Result<BatchStep> put_file(const BatchNode& node, const std::string& system, const std::string& path,
                           const std::string& content, const std::string& sign);

/// A step that removes `path`, or only `content` if more has been added below it.
/// Error: EEXIST if `content` itself has been edited.
Result<BatchStep> drop_file(const BatchNode& node, const std::string& system, const std::string& path,
                            const std::string& content);

/// Whether nothing is at `path`, and the step that says so.
bool is_missing(const std::string& path);
BatchStep missing_step(const std::string& path);
/// The step that keeps a file from chos which an admin has edited.
BatchStep keep_edited(const BatchFile& file);
/// The Errors (EEXIST) for a file that does not come from chos, and for one that disable cannot undo.
Error foreign_file(const BatchFile& file);
Error edited_file(const BatchFile& file);

/// Saves, returns and forgets a setting's value from before enable; "" if none was saved.
Status save_value(const BatchNode& node, const std::string& name, const std::string& value);
std::string saved_value(const BatchNode& node, const std::string& name);
void forget_value(const BatchNode& node, const std::string& name);

}  // namespace chos
