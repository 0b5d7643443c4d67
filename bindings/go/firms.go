package qice

// #include <qice/qice.h>
import "C"

import "runtime"

// ReadOptions say how firms are read. The zero value but for the day is the usual: not strict, unknown
// columns refused, UTF-8, one thread.
type ReadOptions struct {
	Day                  Day
	Strict               bool // a firm with a bad value is set aside; else the value becomes unknown
	IgnoreUnknownColumns bool
	GB18030              bool   // CSV files as Excel in China writes them
	Threads              uint32 // 0: one
}

func (o ReadOptions) create() (*C.qice_read_options, error) {
	var out *C.qice_read_options
	var e *C.qice_error
	if err := failure(C.qice_read_options_create(&out, C.int32_t(o.Day), &e), e); err != nil {
		return nil, err
	}
	C.qice_read_options_set_strict(out, flag(o.Strict))
	C.qice_read_options_set_ignore_unknown_columns(out, flag(o.IgnoreUnknownColumns))
	C.qice_read_options_set_gb18030(out, flag(o.GB18030))
	if o.Threads != 0 {
		code := C.qice_read_options_set_threads(out, C.uint32_t(o.Threads))
		err := setting(code, func(why, e **C.qice_error) C.int32_t {
			return C.qice_read_options_refused(why, out, e)
		})
		if err != nil {
			C.qice_read_options_destroy(out)
			return nil, err
		}
	}
	return out, nil
}

// BadValue is a value or a whole row that could not be taken. The value is then unknown, and the firm
// takes part. Field is empty for a whole row.
type BadValue struct {
	Line                       uint64
	Firm, Field, Value, Reason string
}

// Firms is a table of firms, in rows from 0.
type Firms struct{ p *C.qice_firms }

func newFirms(p *C.qice_firms) *Firms {
	firms := &Firms{p}
	runtime.SetFinalizer(firms, (*Firms).Close)
	return firms
}

type reader func(out **C.qice_firms, schema *C.qice_schema, how *C.qice_read_options, text *C.char,
	length C.size_t, e **C.qice_error) C.int32_t

func read(by reader, schema *Schema, text string, options ReadOptions) (*Firms, error) {
	defer runtime.KeepAlive(schema)
	how, err := options.create()
	if err != nil {
		return nil, err
	}
	defer C.qice_read_options_destroy(how)
	var out *C.qice_firms
	var e *C.qice_error
	p, n := cText(text)
	if err := failure(by(&out, schema.handle(), how, p, n, &e), e); err != nil {
		return nil, err
	}
	return newFirms(out), nil
}

// OpenFirms reads firms from a file: .jsonl is JSON Lines, everything else CSV. Bad values and rows do
// not fail: Bad tells them.
func OpenFirms(schema *Schema, path string, options ReadOptions) (*Firms, error) {
	return read(func(out **C.qice_firms, s *C.qice_schema, how *C.qice_read_options, t *C.char,
		n C.size_t, e **C.qice_error) C.int32_t {
		return C.qice_firms_open(out, s, how, t, n, e)
	}, schema, path, options)
}

// ReadCSV is the same from CSV in memory.
func ReadCSV(schema *Schema, text string, options ReadOptions) (*Firms, error) {
	return read(func(out **C.qice_firms, s *C.qice_schema, how *C.qice_read_options, t *C.char,
		n C.size_t, e **C.qice_error) C.int32_t {
		return C.qice_firms_read_csv(out, s, how, t, n, e)
	}, schema, text, options)
}

// ReadJSONLines is the same from JSON Lines in memory.
func ReadJSONLines(schema *Schema, text string, options ReadOptions) (*Firms, error) {
	return read(func(out **C.qice_firms, s *C.qice_schema, how *C.qice_read_options, t *C.char,
		n C.size_t, e **C.qice_error) C.int32_t {
		return C.qice_firms_read_jsonl(out, s, how, t, n, e)
	}, schema, text, options)
}

// Close gives the memory back.
func (f *Firms) Close() {
	if f == nil {
		return
	}
	C.qice_firms_destroy(f.p)
	f.p = nil
	runtime.SetFinalizer(f, nil)
}

// handle is what C has; of nothing, nothing, which every function refuses with a sentence.
func (f *Firms) handle() *C.qice_firms {
	if f == nil {
		return nil
	}
	return f.p
}

// Size is how many firms there are; 0 for a closed table.
func (f *Firms) Size() uint64 {
	defer runtime.KeepAlive(f)
	var count C.uint64_t
	C.qice_firms_count(&count, f.handle())
	return uint64(count)
}

// ID is the id of a row.
func (f *Firms) ID(row uint64) (string, error) {
	defer runtime.KeepAlive(f)
	var id *C.char
	var length C.size_t
	var e *C.qice_error
	err := failure(C.qice_firms_id(&id, &length, f.handle(), C.uint64_t(row), &e), e)
	return goText(id, length), err
}

// Find is the row of a firm.
func (f *Firms) Find(id string) (uint64, error) {
	defer runtime.KeepAlive(f)
	var row C.uint64_t
	var e *C.qice_error
	p, n := cText(id)
	err := failure(C.qice_firms_find(&row, f.handle(), p, n, &e), e)
	return uint64(row), err
}

// Bad are the values and rows that could not be taken, and how many rows were set aside for that.
func (f *Firms) Bad() (all []BadValue, setAside uint64, err error) {
	defer runtime.KeepAlive(f)
	var entries, aside C.uint64_t
	if err := failure(C.qice_firms_bad_count(&entries, &aside, f.handle()), nil); err != nil {
		return nil, 0, err
	}
	for entry := C.uint64_t(0); entry < entries; entry++ {
		var line C.uint64_t
		var t [4]*C.char
		var n [4]C.size_t
		var e *C.qice_error
		code := C.qice_firms_bad(&line, &t[0], &n[0], &t[1], &n[1], &t[2], &n[2], &t[3], &n[3], f.handle(), entry, &e)
		if err := failure(code, e); err != nil {
			return nil, 0, err
		}
		all = append(all, BadValue{uint64(line), goText(t[0], n[0]), goText(t[1], n[1]),
			goText(t[2], n[2]), goText(t[3], n[3])})
	}
	return all, uint64(aside), nil
}

// IgnoredColumns are the names of the columns that were ignored.
func (f *Firms) IgnoredColumns() ([]string, error) {
	defer runtime.KeepAlive(f)
	var count C.size_t
	if err := failure(C.qice_firms_ignored_count(&count, f.handle()), nil); err != nil {
		return nil, err
	}
	names := make([]string, count)
	for i := range names {
		var name *C.char
		var length C.size_t
		var e *C.qice_error
		if err := failure(C.qice_firms_ignored(&name, &length, f.handle(), C.size_t(i), &e), e); err != nil {
			return nil, err
		}
		names[i] = goText(name, length)
	}
	return names, nil
}

// Firm is one firm, value by value: fill it, ask about it, clear it, fill it again.
type Firm struct {
	p         *C.qice_firm
	reading   *C.qice_read_options // of the last SetJSON
	readingOf ReadOptions
}

// NewFirm is a firm without any value.
func NewFirm(schema *Schema) (*Firm, error) {
	defer runtime.KeepAlive(schema)
	var out *C.qice_firm
	var e *C.qice_error
	if err := failure(C.qice_firm_create(&out, schema.handle(), &e), e); err != nil {
		return nil, err
	}
	firm := &Firm{p: out}
	runtime.SetFinalizer(firm, (*Firm).Close)
	return firm, nil
}

// Close gives the memory back.
func (f *Firm) Close() {
	if f == nil {
		return
	}
	C.qice_firm_destroy(f.p)
	C.qice_read_options_destroy(f.reading)
	f.p, f.reading = nil, nil
	runtime.SetFinalizer(f, nil)
}

// handle is what C has; of nothing, nothing, which every function refuses with a sentence.
func (f *Firm) handle() *C.qice_firm {
	if f == nil {
		return nil
	}
	return f.p
}

// Clear takes every value away, and the id.
func (f *Firm) Clear() error {
	defer runtime.KeepAlive(f)
	return failure(C.qice_firm_clear(f.handle()), nil)
}

// SetJSON takes everything over from a JSON object with fields by name. Values that are none of their
// field become unknown: Bad tells them. It costs some microseconds; setters cost less.
func (f *Firm) SetJSON(json string, options ReadOptions) error {
	defer runtime.KeepAlive(f)
	if f.handle() == nil {
		return failure(C.QICE_BAD_HANDLE, nil)
	}
	if f.reading == nil || f.readingOf != options {
		how, err := options.create()
		if err != nil {
			return err
		}
		C.qice_read_options_destroy(f.reading)
		f.reading, f.readingOf = how, options
	}
	var e *C.qice_error
	p, n := cText(json)
	return failure(C.qice_firm_set_json(f.handle(), f.reading, p, n, &e), e)
}

// SetID gives the id, which is needed for rows and shown in explanations.
func (f *Firm) SetID(id string) error {
	defer runtime.KeepAlive(f)
	var e *C.qice_error
	p, n := cText(id)
	return failure(C.qice_firm_set_id(f.handle(), p, n, &e), e)
}

// SetText gives any field's value as a cell of CSV has it: 2000万元, 2026-11-23, true, C39.
func (f *Firm) SetText(field Field, text string) error {
	defer runtime.KeepAlive(f)
	var e *C.qice_error
	p, n := cText(text)
	return failure(C.qice_firm_set_text(f.handle(), C.uint32_t(field), p, n, &e), e)
}

// SetNumber gives a number in the field's unit: value / 10^decimals, exactly.
func (f *Firm) SetNumber(field Field, value int64, decimals int) error {
	defer runtime.KeepAlive(f)
	var e *C.qice_error
	code := C.qice_firm_set_number(f.handle(), C.uint32_t(field), C.int64_t(value), small(decimals), &e)
	return failure(code, e)
}

// SetDate gives a date.
func (f *Firm) SetDate(field Field, day Day) error {
	defer runtime.KeepAlive(f)
	var e *C.qice_error
	return failure(C.qice_firm_set_date(f.handle(), C.uint32_t(field), C.int32_t(day), &e), e)
}

// SetFlag gives a flag.
func (f *Firm) SetFlag(field Field, value bool) error {
	defer runtime.KeepAlive(f)
	var e *C.qice_error
	return failure(C.qice_firm_set_flag(f.handle(), C.uint32_t(field), flag(value), &e), e)
}

// AddElement adds an element to a set, valid until a day (included) or Forever.
func (f *Firm) AddElement(field Field, name string, until Day) error {
	defer runtime.KeepAlive(f)
	var e *C.qice_error
	p, n := cText(name)
	return failure(C.qice_firm_add_element(f.handle(), C.uint32_t(field), p, n, C.int32_t(until), &e), e)
}

// AddTag adds a tag; the weight is in thousandths, 0 to 1000.
func (f *Firm) AddTag(field Field, name string, weight uint32) error {
	defer runtime.KeepAlive(f)
	var e *C.qice_error
	p, n := cText(name)
	return failure(C.qice_firm_add_tag(f.handle(), C.uint32_t(field), p, n, C.uint32_t(weight), &e), e)
}

// SetUnknown makes a field unknown, as if it had never been set.
func (f *Firm) SetUnknown(field Field) error {
	defer runtime.KeepAlive(f)
	var e *C.qice_error
	return failure(C.qice_firm_set_unknown(f.handle(), C.uint32_t(field), &e), e)
}

// Bad are the values of the last SetJSON that could not be taken.
func (f *Firm) Bad() ([]BadValue, error) {
	defer runtime.KeepAlive(f)
	var count C.size_t
	if err := failure(C.qice_firm_bad_count(&count, f.handle()), nil); err != nil {
		return nil, err
	}
	var all []BadValue
	for entry := C.size_t(0); entry < count; entry++ {
		var t [3]*C.char
		var n [3]C.size_t
		var e *C.qice_error
		code := C.qice_firm_bad(&t[0], &n[0], &t[1], &n[1], &t[2], &n[2], f.handle(), entry, &e)
		if err := failure(code, e); err != nil {
			return nil, err
		}
		all = append(all, BadValue{Field: goText(t[0], n[0]), Value: goText(t[1], n[1]), Reason: goText(t[2], n[2])})
	}
	return all, nil
}

// Rows are firms on their way into a table.
type Rows struct{ p *C.qice_rows }

// NewRows is room for firms that come one by one.
func NewRows(schema *Schema, options ReadOptions) (*Rows, error) {
	defer runtime.KeepAlive(schema)
	how, err := options.create()
	if err != nil {
		return nil, err
	}
	defer C.qice_read_options_destroy(how)
	var out *C.qice_rows
	var e *C.qice_error
	if err := failure(C.qice_rows_create(&out, schema.handle(), how, &e), e); err != nil {
		return nil, err
	}
	rows := &Rows{out}
	runtime.SetFinalizer(rows, (*Rows).Close)
	return rows, nil
}

// Close gives the memory back.
func (r *Rows) Close() {
	if r == nil {
		return
	}
	C.qice_rows_destroy(r.p)
	r.p = nil
	runtime.SetFinalizer(r, nil)
}

// handle is what C has; of nothing, nothing, which every function refuses with a sentence.
func (r *Rows) handle() *C.qice_rows {
	if r == nil {
		return nil
	}
	return r.p
}

// Add copies a firm. One without an id, or with one that came before, is set aside: Firms.Bad tells it.
func (r *Rows) Add(firm *Firm) error {
	defer runtime.KeepAlive(r)
	defer runtime.KeepAlive(firm)
	var e *C.qice_error
	return failure(C.qice_rows_add(r.handle(), firm.handle(), &e), e)
}

// Finish makes a table of what was added; the rows are then empty and may be used again.
func (r *Rows) Finish() (*Firms, error) {
	defer runtime.KeepAlive(r)
	var out *C.qice_firms
	var e *C.qice_error
	if err := failure(C.qice_rows_finish(&out, r.handle(), &e), e); err != nil {
		return nil, err
	}
	return newFirms(out), nil
}
