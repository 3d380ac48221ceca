#pragma once

namespace carat::cli {

/// Ends the program with one sentence and exit code 6 when a mapped file can no longer be read (SIGBUS): it was cut
/// while in use, or its disk failed. Files that are replaced by rename, as every tool should do it, never come here.
void install_bus_error_sentence();

}  // namespace carat::cli
