// Columns of Python objects as texts; see frame.hpp.
#pragma once

#include "frame.hpp"

namespace qice::python {

/// A column of str, None, NaN and NA. Touches no reference counts and calls no Python, so any
/// thread may do it while another holds the GIL. False, with nothing made, where there is another
/// object.
bool take_texts(PyObject* const* objects, std::size_t rows, FrameColumn& column);

/// A column of any objects: numbers, days and flags as texts, lists and dicts as the text of a
/// cell. Throws what the objects cause. With the GIL.
void take_objects(PyObject* const* objects, std::size_t rows, FrameColumn& column);

/// The texts of a dictionary. With the GIL.
void take_categories(PyObject* const* objects, std::size_t count, FrameColumn& column);

} // namespace qice::python
