#include "cli/run.h"

int main(int argc, char** argv) { return carat::cli::run(argc, argv); }
