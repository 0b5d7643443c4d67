package main

import (
	"errors"
	"math"
	"os"
	"reflect"
	"strings"

	"qice"
)

// mustRefuse: it must be an error of the code whose sentence has the words.
func mustRefuse(err error, code qice.Code, words string) {
	var wrong *qice.Error
	if !errors.As(err, &wrong) || wrong.Code != code || !strings.Contains(err.Error(), words) {
		panic(err)
	}
}

// misuse is what the package promises beyond the golden run: nil and what is closed are errors with a
// sentence, never a panic, and no number becomes another.
func misuse() {
	day := get(qice.ParseDay("2026-06-15"))
	schema := get(qice.StandardSchema())
	engine := get(qice.OpenEngine(schema, day, "", qice.EngineOptions{}))
	must(engine.Put(`{"id": "A", "title": "t", "rule": {"field": "revenue", "ge": 1}}`))
	snapshot := get(engine.Snapshot())
	firms := get(qice.ReadCSV(schema, "uscc,revenue\nF,3\n", qice.ReadOptions{Day: day}))
	firm := get(qice.NewFirm(schema))
	answer := get(qice.NewAnswer(qice.MatchOptions{}))
	result := get(snapshot.Match(firms, qice.MatchOptions{}))

	mustRefuse(answer.AskFirm(nil, firm), qice.BadHandle, "snapshot is NULL")
	mustRefuse(answer.AskFirm(snapshot, nil), qice.BadHandle, "firm is NULL")
	mustRefuse(answer.AskPolicy(snapshot, nil, 0), qice.BadHandle, "firms is NULL")
	_, err := snapshot.Match(nil, qice.MatchOptions{})
	mustRefuse(err, qice.BadHandle, "firms is NULL")
	_, err = qice.OpenEngine(nil, day, "", qice.EngineOptions{})
	mustRefuse(err, qice.BadHandle, "schema is NULL")
	_, err = qice.NewFirm(nil)
	mustRefuse(err, qice.BadHandle, "schema is NULL")
	_, err = result.Read(0, nil)
	mustRefuse(err, qice.BadArgument, "columns")
	uneven := qice.NewPushes(4)
	uneven.Scores = uneven.Scores[:1]
	_, err = result.Read(0, uneven)
	mustRefuse(err, qice.BadArgument, "columns")

	_, err = qice.NewAnswer(qice.MatchOptions{Statuses: []qice.Status{-1}})
	mustRefuse(err, qice.BadArgument, "four bits")
	_, err = qice.NewAnswer(qice.MatchOptions{Statuses: []qice.Status{33}})
	mustRefuse(err, qice.BadArgument, "four bits")
	_, err = snapshot.Match(firms, qice.MatchOptions{Threads: 1025})
	mustRefuse(err, qice.BadArgument, "1 to 1024, not 1025")
	_, err = qice.ReadCSV(schema, "uscc\n", qice.ReadOptions{Day: day, Threads: 9999})
	mustRefuse(err, qice.BadArgument, "1 to 1024, not 9999")
	_, err = qice.OpenEngine(schema, day, "", qice.EngineOptions{UrgencyDays: -1})
	mustRefuse(err, qice.BadArgument, "0 and -1")
	revenue := get(schema.Field("revenue"))
	for _, decimals := range []int{1 << 32, math.MinInt64, -1} {
		mustRefuse(firm.SetNumber(revenue, 1, decimals), qice.InvalidInput, "decimals")
	}

	// Every method of what is nil, and of what is closed, and a second Close.
	for _, object := range []interface{ Close() }{schema, engine, snapshot, firms, firm, answer, result,
		get(qice.NewControl()), get(qice.NewRows(schema, qice.ReadOptions{Day: day}))} {
		object.Close()
		everyMethod(reflect.ValueOf(object))
		everyMethod(reflect.Zero(reflect.TypeOf(object)))
	}
}

// everyMethod calls each method of an object with zeros; one that returns an error must return one.
func everyMethod(object reflect.Value) {
	for i := 0; i < object.NumMethod(); i++ {
		method := object.Method(i)
		var zeros []reflect.Value
		for j := 0; j < method.Type().NumIn(); j++ {
			zeros = append(zeros, reflect.Zero(method.Type().In(j)))
		}
		results := method.Call(zeros)
		if n := len(results); n > 0 && results[n-1].Type().Name() == "error" {
			if err, _ := results[n-1].Interface().(error); err == nil || !strings.Contains(err.Error(), " ") {
				panic(object.Type().Method(i).Name)
			}
		}
	}
	os.Stderr.WriteString("refused: every method of " + object.Type().String() + "\n")
}
