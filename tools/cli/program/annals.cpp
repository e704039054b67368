// annals: what can be asked of any store without knowing its types.

#include <annals/cli/run.hpp>

int main(int argc, char** argv) { return annals::cli::run(argc, argv, {}); }
