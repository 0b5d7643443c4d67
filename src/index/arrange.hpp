// The order in which a compiled program keeps its literals and policies, for executors that read
// memory in a row. It changes no answer.
#pragma once

#include "qice/index/program.hpp"

namespace qice {

/// Finds lone literals and puts them behind the others of their rules; numbers literals field by
/// field, and makes tables of those that are looked up; groups policies by shape; numbers unions of
/// elements as these ask for them. For a program that is otherwise whole, once.
void arrange(Program& program);

} // namespace qice
