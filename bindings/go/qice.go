// Package qice matches government support policies to firms, over the C library libqice.so.1.
//
// What a call means stands in qice/qice.h; this package gives it Go's types and errors.
//
//	schema, err := qice.StandardSchema()
//	engine, err := qice.OpenEngine(schema, day, "policies", qice.EngineOptions{})
//	snapshot, err := engine.Snapshot()
//	firms, err := qice.OpenFirms(schema, "firms.csv", qice.ReadOptions{Day: day})
//	result, err := snapshot.Match(firms, qice.MatchOptions{Threads: 8})
//
// # Closing
//
// Every object has a Close, in any order: what an object was made of stays alive inside the library.
// A finalizer is the net below. Calls with a closed object, or with nil, return an Error with
// BadHandle, or 0 where there is no error to return. Do not close an object while another goroutine is
// in a call with it.
//
// # Goroutines
//
// Schema, Engine, Snapshot, Firms, Control and Result may be used by any number of goroutines at the
// same time. Firm, Answer and Rows are for one at a time. No function depends on the thread it is
// called from.
package qice

// #cgo pkg-config: qice-c
// #include <qice/qice.h>
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"
)

// Code tells why a call failed.
type Code int32

const (
	Usage          Code = C.QICE_USAGE         // asked for what does not exist or fit together
	InvalidInput   Code = C.QICE_INVALID_INPUT // a file, policy or value is not what it should be
	IO             Code = C.QICE_IO            // an Arrow stream gave an error in place of its data
	Limit          Code = C.QICE_LIMIT         // a documented limit was passed
	Cancelled      Code = C.QICE_CANCELLED
	OutOfMemory    Code = C.QICE_OUT_OF_MEMORY
	BadHandle      Code = C.QICE_BAD_HANDLE   // closed
	BadArgument    Code = C.QICE_BAD_ARGUMENT // a number out of range, not UTF-8
	BufferTooSmall Code = C.QICE_BUFFER_TOO_SMALL
	Internal       Code = C.QICE_INTERNAL // a fault of qice; please report the message
)

// Fault is one thing that is wrong. Line and Column count from 1 and are 0 if not known.
type Fault struct {
	Message      string
	File         string
	Line, Column uint32
}

func (f Fault) String() string {
	switch {
	case f.Line == 0 && f.File == "":
		return f.Message
	case f.Line == 0:
		return f.File + ": " + f.Message
	case f.Column == 0:
		return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message)
}

// Error is what every failing call returns; a set of policies has a fault for each wrong policy.
type Error struct {
	Code   Code
	Faults []Fault
}

func (e *Error) Error() string {
	switch len(e.Faults) {
	case 0:
		return "qice: " + C.GoString(C.qice_code_sentence(C.int32_t(e.Code)))
	case 1:
		return "qice: " + e.Faults[0].String()
	}
	return fmt.Sprintf("qice: %s (and %d more)", e.Faults[0], len(e.Faults)-1)
}

// failure makes an error of what a function returned, or nil.
func failure(code C.int32_t, of *C.qice_error) error {
	if code == C.QICE_OK {
		return nil
	}
	defer C.qice_error_destroy(of)
	return &Error{Code(code), faults(of)}
}

// setting makes an error of what a setter of options returned, or nil; why asks them for the sentence.
func setting(code C.int32_t, why func(out, e **C.qice_error) C.int32_t) error {
	if code == C.QICE_OK {
		return nil
	}
	var out, e *C.qice_error
	if err := failure(why(&out, &e), e); err != nil {
		return err
	}
	return failure(code, out)
}

// small is a number for a parameter of 32 bits, in which no other number may come of it.
func small(n int) C.int32_t {
	if n < math.MinInt32 {
		return math.MinInt32
	}
	if n > math.MaxInt32 {
		return math.MaxInt32
	}
	return C.int32_t(n)
}

func faults(of *C.qice_error) []Fault {
	var all []Fault
	count := C.qice_error_count(of)
	for index := C.size_t(0); index < count; index++ {
		var text, file *C.char
		var length, fileLength C.size_t
		var line, column C.uint32_t
		C.qice_error_message(&text, &length, of, index)
		C.qice_error_place(&file, &fileLength, &line, &column, of, index)
		all = append(all, Fault{goText(text, length), goText(file, fileLength), uint32(line), uint32(column)})
	}
	return all
}

// cText is where a string lies and how long it is, for one call. The library keeps no text.
func cText(s string) (*C.char, C.size_t) {
	if s == "" {
		return nil, 0
	}
	return (*C.char)(*(*unsafe.Pointer)(unsafe.Pointer(&s))), C.size_t(len(s))
}

func goText(text *C.char, length C.size_t) string {
	return C.GoStringN(text, C.int(length))
}

// made takes over a text that a function made.
func made(text *C.qice_text) string {
	var bytes *C.char
	var length C.size_t
	C.qice_text_get(&bytes, &length, text)
	defer C.qice_text_destroy(text)
	return goText(bytes, length)
}

func flag(on bool) C.int32_t {
	if on {
		return 1
	}
	return 0
}

// Version is the version of the library, like "0.1.0".
func Version() string { return C.GoString(C.qice_version()) }

// ABIVersion is the number of the library's interface: what it can do.
func ABIVersion() uint32 { return uint32(C.qice_abi_version()) }

// DataDirectory is where the library looks for its own data (the standard schema, code lists).
func DataDirectory() (string, error) {
	var out *C.qice_text
	var e *C.qice_error
	if err := failure(C.qice_data_directory(&out, &e), e); err != nil {
		return "", err
	}
	return made(out), nil
}

// Day is a number of days since 1970-01-01.
type Day int32

// Forever is the last day of an element that has none.
const Forever Day = C.QICE_FOREVER

// ParseDay reads 2026-11-23, 2026/11/23 or 20261123.
func ParseDay(text string) (Day, error) {
	var day C.int32_t
	var e *C.qice_error
	p, n := cText(text)
	err := failure(C.qice_day_parse(&day, p, n, &e), e)
	return Day(day), err
}

// String is the day like 2026-11-23.
func (d Day) String() string {
	var buffer [11]C.char
	if C.qice_day_format(&buffer[0], C.int32_t(d)) != C.QICE_OK {
		return fmt.Sprintf("day %d", int32(d))
	}
	return C.GoStringN(&buffer[0], 10)
}

// Schema says which fields a firm has.
type Schema struct{ p *C.qice_schema }

func newSchema(p *C.qice_schema) *Schema {
	s := &Schema{p}
	runtime.SetFinalizer(s, (*Schema).Close)
	return s
}

// StandardSchema is the schema that comes with qice.
func StandardSchema() (*Schema, error) { return OpenSchema("") }

// OpenSchema reads a schema from a file.
func OpenSchema(path string) (*Schema, error) {
	var out *C.qice_schema
	var e *C.qice_error
	p, n := cText(path)
	if err := failure(C.qice_schema_open(&out, p, n, &e), e); err != nil {
		return nil, err
	}
	return newSchema(out), nil
}

// ParseSchema is the same from memory; file stands for the text in errors, and may be empty.
func ParseSchema(json, file string) (*Schema, error) {
	var out *C.qice_schema
	var e *C.qice_error
	p, n := cText(json)
	f, m := cText(file)
	if err := failure(C.qice_schema_parse(&out, p, n, f, m, &e), e); err != nil {
		return nil, err
	}
	return newSchema(out), nil
}

// Close gives the memory back.
func (s *Schema) Close() {
	if s == nil {
		return
	}
	C.qice_schema_destroy(s.p)
	s.p = nil
	runtime.SetFinalizer(s, nil)
}

// handle is what C has; of nothing, nothing, which every function refuses with a sentence.
func (s *Schema) handle() *C.qice_schema {
	if s == nil {
		return nil
	}
	return s.p
}

// Kind is what the values of a field are.
type Kind int32

const (
	Number   Kind = C.QICE_NUMBER
	Date     Kind = C.QICE_DATE
	Flag     Kind = C.QICE_FLAG
	Category Kind = C.QICE_CATEGORY
	CodeList Kind = C.QICE_CODE
	Set      Kind = C.QICE_SET
	Tags     Kind = C.QICE_TAGS
	Text     Kind = C.QICE_TEXT
)

// Field is a field by its number in the schema.
type Field uint32

// FieldInfo describes a field; a derived one cannot be set.
type FieldInfo struct {
	Name     string
	Kind     Kind
	Decimals int
	Derived  bool
}

// Fields are all fields, in the order of the file.
func (s *Schema) Fields() ([]FieldInfo, error) {
	defer runtime.KeepAlive(s)
	var count C.uint32_t
	if err := failure(C.qice_schema_fields(&count, s.handle()), nil); err != nil {
		return nil, err
	}
	all := make([]FieldInfo, count)
	for i := range all {
		var name *C.char
		var length C.size_t
		var kind, decimals, derived C.int32_t
		var e *C.qice_error
		if err := failure(C.qice_schema_field_name(&name, &length, s.handle(), C.uint32_t(i), &e), e); err != nil {
			return nil, err
		}
		code := C.qice_schema_field_kind(&kind, &decimals, &derived, s.handle(), C.uint32_t(i), &e)
		if err := failure(code, e); err != nil {
			return nil, err
		}
		all[i] = FieldInfo{goText(name, length), Kind(kind), int(decimals), derived != 0}
	}
	return all, nil
}

// Field finds a field by name. It costs a look-up: keep what it gives.
func (s *Schema) Field(name string) (Field, error) {
	defer runtime.KeepAlive(s)
	var field C.uint32_t
	var e *C.qice_error
	p, n := cText(name)
	err := failure(C.qice_schema_find(&field, s.handle(), p, n, &e), e)
	return Field(field), err
}
