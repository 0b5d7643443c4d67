// All of qice in one include: read a schema, policies and firms, match them, write the answer.
//
//   Schema::load(path)                          what a portal knows of a firm
//   load_policies(path, schema)                 policies, each error with its place
//   read_firms(path, schema, {.as_of = day})    firms, with what had to be quarantined
//   Matcher(*schema, policies, {.as_of = day})  all firms x all policies, ranked
//   FirmQuery(schema, policies, {.as_of = day}) one firm x all policies, in microseconds
//   Engine(schema, {.as_of = day})              the same while policies come and go
//   PolicyBook, FirmSet                         all of these over policies of a moment (live/)
//   judge(rule, firm)                           one firm, one rule
//   explain(*schema, policies, number, firm)    why, and what would help
//   lint(set, day)                              what is suspicious in a policy set
//
// No Abseil, RapidJSON or database type shows in it. Each header also stands alone; io/arrow.hpp, which
// brings the structures of Arrow, is not among these.
#pragma once

#include "qice/base/date.hpp"
#include "qice/base/decimal.hpp"
#include "qice/base/status.hpp"
#include "qice/io/reader.hpp"
#include "qice/io/writer.hpp"
#include "qice/live/firm_set.hpp"
#include "qice/live/firm_set_builder.hpp"
#include "qice/live/one_firm.hpp"
#include "qice/live/policy_book.hpp"
#include "qice/match/engine.hpp"
#include "qice/match/explain.hpp"
#include "qice/match/firm_query.hpp"
#include "qice/match/matcher.hpp"
#include "qice/match/policy_query.hpp"
#include "qice/match/standing_match.hpp"
#include "qice/model/firm.hpp"
#include "qice/model/firm_record.hpp"
#include "qice/model/schema.hpp"
#include "qice/model/standards.hpp"
#include "qice/rule/evaluate.hpp"
#include "qice/rule/lint.hpp"
#include "qice/rule/parse.hpp"
#include "qice/rule/policy.hpp"
#include "qice/version.hpp"
