// The golden run (golden.c) from Go: prints the same bytes.
//
//	golden FOLDER SECONDS|measure
//	golden misuse
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"qice"
)

const (
	draft = `{"id": "DRAFT", "title": "研发补助", "priority": 0.5, "rule": {"all": [{"field": "revenue", ` +
		`"ge": "2000万元"}, {"field": "employees", "ge": 10}]}}`
	threads = 8
	asked   = 40
)

var out = bufio.NewWriter(os.Stdout)

func must(err error) {
	if err != nil {
		out.Flush()
		panic(err)
	}
}

func get[T any](value T, err error) T {
	must(err)
	return value
}

func check(holds bool) {
	if !holds {
		must(errors.New("not true"))
	}
}

func print(format string, values ...any) { fmt.Fprintf(out, format+"\n", values...) }

func number(flag bool) int {
	if flag {
		return 1
	}
	return 0
}

type world struct {
	folder   string
	schema   *qice.Schema
	engine   *qice.Engine
	snapshot *qice.Snapshot
	reading  qice.ReadOptions
	firms    *qice.Firms
	options  qice.MatchOptions
	answer   *qice.Answer
	firm     *qice.Firm
	lines    []string
	fields   map[string]qice.Field
}

func open(folder string) *world {
	day := get(qice.ParseDay("2026-06-15"))
	w := &world{folder: folder, schema: get(qice.StandardSchema()), fields: map[string]qice.Field{}}
	w.engine = get(qice.OpenEngine(w.schema, day, folder+"/policies.jsonl", qice.EngineOptions{}))
	w.snapshot = get(w.engine.Snapshot())
	w.reading = qice.ReadOptions{Day: day}
	w.firms = get(qice.OpenFirms(w.schema, folder+"/firms.csv", w.reading))
	w.options = qice.MatchOptions{Top: 5, Statuses: qice.AllStatuses, Threads: 2}
	w.answer = get(qice.NewAnswer(w.options))
	w.firm = get(qice.NewFirm(w.schema))
	w.lines = strings.Split(strings.TrimSuffix(w.read("firms.jsonl"), "\n"), "\n")
	check(len(w.lines) >= asked)
	for _, name := range []string{"region", "industry", "revenue", "employees", "rd_expense", "patents",
		"established", "legal_entity", "qualifications", "follows"} {
		w.fields[name] = get(w.schema.Field(name))
	}
	return w
}

func (w *world) close() {
	w.firm.Close()
	w.answer.Close()
	w.firms.Close()
	w.snapshot.Close()
	w.engine.Close()
	w.schema.Close()
}

func (w *world) read(name string) string { return string(get(os.ReadFile(w.folder + "/" + name))) }

// ------------------------------------------------------------------------------------------- load

func (w *world) load() {
	print("qice %s interface %d", qice.Version(), qice.ABIVersion())
	for i, field := range get(w.schema.Fields()) {
		print("field %d %s kind %d decimals %d derived %d", i, field.Name, field.Kind, field.Decimals,
			number(field.Derived))
	}
	print("policies %d as of %s", w.snapshot.Size(), w.snapshot.Day())
	for i := uint32(0); i < w.snapshot.Size(); i++ {
		policy := get(w.snapshot.Policy(i))
		print("policy %d %s %s version %d life %d", i, policy.ID, policy.Title, policy.Version,
			policy.LifeCycle)
	}
	bad, aside, err := w.firms.Bad()
	must(err)
	print("firms %d set aside %d", w.firms.Size(), aside)
	for _, b := range bad {
		print("bad %d|%s|%s|%s|%s", b.Line, b.Firm, b.Field, b.Value, b.Reason)
	}
}

// ------------------------------------------------------------------------------------------ batch

func (w *world) batch(firms *qice.Firms, options qice.MatchOptions) {
	result := get(w.snapshot.Match(firms, options))
	defer result.Close()
	policies, all := result.Size()
	print("match policies %d pushes %d", policies, all)
	for _, status := range qice.AllStatuses {
		print("total %d %d", status, get(result.Total(status)))
	}
	for policy := uint32(0); policy < 20; policy++ {
		var n [4]uint64
		for _, status := range qice.AllStatuses {
			n[status] = get(result.Count(policy, status))
		}
		print("count %d %d %d %d %d", policy, n[0], n[1], n[2], n[3])
	}
	pushes := qice.NewPushes(1000)
	for first := uint64(0); ; {
		written := get(result.Read(first, pushes))
		for i := 0; i < written; i++ {
			print("push %s %d %d %s %d", get(firms.ID(pushes.Firms[i])), pushes.Statuses[i], pushes.Ranks[i],
				get(w.snapshot.ID(pushes.Policies[i])), pushes.Scores[i])
		}
		if first += uint64(written); first == all {
			return
		}
	}
}

// --------------------------------------------------------------------------- one firm, one policy

func (w *world) printAnswer() {
	var n [4]uint64
	for _, status := range qice.AllStatuses {
		n[status] = get(w.answer.Count(status))
	}
	print("answer %d %d %d %d away %d life %d", n[0], n[1], n[2], n[3], w.answer.OneFactAway(),
		w.answer.LifeCycle())
	var others [5]uint32
	var scores [5]int64
	for _, status := range qice.AllStatuses {
		shown := get(w.answer.Read(status, others[:], scores[:]))
		ranked := get(w.answer.Ranked(status))
		check(shown == len(ranked))
		for rank, of := range ranked {
			check(of.Score == scores[rank])
			print("  %d %d %s %d", status, others[rank], of.ID, of.Score)
		}
	}
}

func (w *world) singly() {
	rows := get(qice.NewRows(w.schema, w.reading))
	for i, line := range w.lines {
		must(w.firm.SetJSON(line, w.reading))
		for _, bad := range get(w.firm.Bad()) {
			print("bad %s|%s|%s", bad.Field, bad.Value, bad.Reason)
		}
		must(w.answer.AskFirm(w.snapshot, w.firm))
		w.printAnswer()
		if i < 20 {
			must(rows.Add(w.firm))
		}
	}
	w.fillTyped()
	must(rows.Add(w.firm))
	must(w.answer.AskFirm(w.snapshot, w.firm))
	print("%s", get(w.answer.JSON()))
	table := get(rows.Finish())
	rows.Close()
	w.batch(table, w.options)
	table.Close()
	for policy := uint32(0); policy < 20; policy++ {
		must(w.answer.AskPolicy(w.snapshot, w.firms, policy))
		w.printAnswer()
	}
	must(w.answer.AskDraft(w.snapshot, w.firms, draft))
	w.printAnswer()
}

func (w *world) fillTyped() {
	f := w.firm
	must(f.Clear())
	must(f.SetID("91441900MA4W000061"))
	must(f.SetText(w.fields["region"], "441900003"))
	must(f.SetText(w.fields["industry"], "C3911"))
	must(f.SetNumber(w.fields["revenue"], 2_500_000_050, 2))
	must(f.SetNumber(w.fields["employees"], 120, 0))
	must(f.SetNumber(w.fields["rd_expense"], 1_200_000, 0))
	must(f.SetNumber(w.fields["patents"], 7, 0))
	must(f.SetDate(w.fields["established"], 16495)) // 2015-03-01
	must(f.SetFlag(w.fields["legal_entity"], true))
	must(f.AddElement(w.fields["qualifications"], "高新技术企业", 21183)) // 2027-12-31
	must(f.AddTag(w.fields["follows"], "智能制造", 800))
}

func (w *world) explain() {
	for _, form := range []qice.Form{qice.JSON, qice.Chinese, qice.English} {
		print("%s", get(w.snapshot.ExplainRow(w.firms, 0, 0, form)))
		print("%s", get(w.snapshot.ExplainFirm(w.firm, 1, form)))
		print("%s", get(w.snapshot.ExplainDraft(w.firm, draft, form)))
	}
	print("%s", get(w.snapshot.Lint()))
}

// ----------------------------------------------------------------------------------------- errors

func refused(err error) {
	var wrong *qice.Error
	check(errors.As(err, &wrong))
	print("error %d faults %d", wrong.Code, len(wrong.Faults))
	for _, fault := range wrong.Faults {
		print("  %s:%d:%d %s", fault.File, fault.Line, fault.Column, fault.Message)
	}
}

func second[T any](_ T, err error) error { return err }

func (w *world) errors() {
	revenue := w.fields["revenue"]
	refused(second(qice.ParseDay("2026-13-01")))
	refused(second(qice.OpenSchema("/no/such")))
	refused(second(qice.ParseSchema(`{"fields": 3}`, "mine.json")))
	refused(second(w.schema.Field("revenu")))
	refused(w.engine.Put(`[{"id":"A","title":"t","rule":{"field":"revenue",` + "\n" +
		`"ge":"high"}},{"id":"B","rule":3}]`))
	refused(w.engine.Put("\xff\xfe"))
	refused(second(w.snapshot.Find("nobody")))
	refused(w.firm.SetJSON("[1", w.reading))
	refused(w.firm.SetJSON(`{"revenu":1}`, w.reading))
	refused(w.firm.SetText(revenue, "许多"))
	refused(w.firm.SetNumber(revenue, 1, 9))
	refused(w.firm.SetFlag(revenue, true))
	refused(second(w.snapshot.ExplainFirm(w.firm, 99999, qice.JSON)))
	refused(w.answer.AskDraft(w.snapshot, w.firms, `{"id":1}`))
	late := qice.ReadOptions{Day: 20000}
	other := get(qice.ReadCSV(w.schema, "uscc\nA\n", late))
	refused(second(w.snapshot.Match(other, w.options)))
	other.Close()
	refused(second(qice.ReadJSONLines(w.schema, `{"uscc":"A","no":1}`+"\n", late)))
	control := get(qice.NewControl())
	must(control.Cancel())
	refused(second(w.snapshot.MatchWatched(w.firms, w.options, control)))
	control.Close()
	control.Close()
	var closed *qice.Error
	check(errors.As(control.Cancel(), &closed) && closed.Code == qice.BadHandle)
	print("what is closed is refused")
}

// ---------------------------------------------------------------------------------------- changes

func (w *world) size() uint32 {
	now := get(w.engine.Snapshot())
	defer now.Close()
	return now.Size()
}

func (w *world) changes() {
	must(w.engine.Put(draft))
	print("after put %d", w.size())
	for i := 0; i < 2; i++ {
		print("removed %d", number(get(w.engine.Remove("DRAFT"))))
	}
	print("after remove %d", w.size())
	must(w.engine.Replace(w.read("others.jsonl")))
	print("after replace %d", w.size())
	must(w.engine.Reload(w.folder + "/policies.jsonl"))
	print("after reload %d", w.size())
	print("before %d", w.snapshot.Size())
}

// ---------------------------------------------------------------------------------------- threads

// What is true with one of the two sets of policies.
type moment struct {
	policies, explanation string
	size                  uint32
	answers               [asked]string
	pushes                uint64
	seen                  int64
}

func (w *world) ask(answer *qice.Answer, firm *qice.Firm, now *qice.Snapshot, line int) string {
	must(firm.SetJSON(w.lines[line], w.reading))
	must(answer.AskFirm(now, firm))
	return get(answer.JSON())
}

func (w *world) matched(now *qice.Snapshot) uint64 {
	result := get(now.Match(w.firms, qice.MatchOptions{}))
	defer result.Close()
	_, pushes := result.Size()
	return pushes
}

func (w *world) learn(file string) *moment {
	m := &moment{policies: w.read(file)}
	must(w.engine.Replace(m.policies))
	now := get(w.engine.Snapshot())
	answer := get(qice.NewAnswer(qice.MatchOptions{}))
	defer now.Close()
	defer answer.Close()
	for i := range m.answers {
		m.answers[i] = w.ask(answer, w.firm, now, i)
	}
	m.size = now.Size()
	m.explanation = get(now.ExplainRow(w.firms, 0, 0, qice.JSON))
	m.pushes = w.matched(now)
	return m
}

func (w *world) askOnAndOn(moments [2]*moment, stop *int32) {
	answer := get(qice.NewAnswer(qice.MatchOptions{}))
	firm := get(qice.NewFirm(w.schema))
	defer answer.Close()
	defer firm.Close()
	for i := 0; atomic.LoadInt32(stop) == 0; i++ {
		now := get(w.engine.Snapshot())
		m := moments[number(now.Size() != moments[0].size)]
		check(now.Size() == m.size)
		check(w.ask(answer, firm, now, i%asked) == m.answers[i%asked])
		if i%16 == 0 {
			check(get(now.ExplainRow(w.firms, 0, 0, qice.JSON)) == m.explanation)
			check(w.matched(now) == m.pushes)
		}
		now.Close()
		atomic.AddInt64(&m.seen, 1)
	}
}

func (w *world) threads(seconds float64) {
	moments := [2]*moment{w.learn("policies.jsonl"), w.learn("others.jsonl")}
	check(moments[0].size != moments[1].size)
	fmt.Fprintln(os.Stderr, "threads begin")
	var stop int32
	var all sync.WaitGroup
	for i := 0; i < threads; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			w.askOnAndOn(moments, &stop)
		}()
	}
	begin, changes := time.Now(), 0
	seenBoth := func() bool { return atomic.LoadInt64(&moments[0].seen) > 0 && atomic.LoadInt64(&moments[1].seen) > 0 }
	for ; changes < 8 || time.Since(begin).Seconds() < seconds || !seenBoth(); changes++ {
		must(w.engine.Replace(moments[changes%2].policies))
		time.Sleep(50 * time.Millisecond)
	}
	atomic.StoreInt32(&stop, 1)
	all.Wait()
	fmt.Fprintf(os.Stderr, "threads end: %d questions, %d changes\n", moments[0].seen+moments[1].seen, changes)
	print("%d threads: every answer was that of its moment", threads)
}

func main() {
	defer out.Flush()
	if os.Args[1] == "misuse" {
		misuse()
		return
	}
	w := open(os.Args[1])
	defer w.close()
	if os.Args[2] == "measure" {
		w.measure()
		return
	}
	w.load()
	w.batch(w.firms, w.options)
	byPolicy := w.options
	byPolicy.ByPolicy = true
	w.batch(w.firms, byPolicy)
	w.singly()
	w.explain()
	w.errors()
	w.changes()
	w.threads(get(strconv.ParseFloat(os.Args[2], 64)))
}
