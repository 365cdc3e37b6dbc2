// "Did you mean" for misspelt commands and options.
#pragma once

#include <span>
#include <string>

namespace voxpack {

// The word nearest to `text` if it is near enough to be a misspelling of it, else "".
std::string nearest_word(const std::string& text, std::span<const std::string> words);

}  // namespace voxpack
