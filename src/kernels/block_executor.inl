// The program over one block of firms. Included once per CPU level, inside a namespace of that
// level; the level has defined codes_in_range() and codes_in_bitmap(). No standard templates are
// instantiated here, so that no code compiled for a newer CPU can leak into the rest of the
// program.

#include "kernels/planes.inl"
#include "kernels/row_sums.inl"

struct Interval {
    Bits certain, possible;
};

/// Runs one block. All = false computes only what eligible and review need.
template <bool All> class Executor {
  public:
    Executor(const BlockTask& task, BlockScratch& scratch)
        : task_(task), program_(*task.program), scratch_(scratch) {}

    void run() {
        const bool field_by_field = is_worth_range_rows();
        for (const Shape& shape : program_.shapes) {
            if (field_by_field && shape.lone != 0) {
                meet_lone(shape);
                run_shape<true>(shape);
            } else {
                run_shape<false>(shape);
            }
        }
    }

    const BlockRow* certain(Ref ref) {
        if ((ref & kLiteralBit) != 0) return literal_row(ref & ~kLiteralBit);
        return node_rows(ref);
    }

  private:
    static constexpr std::uint32_t kAnyNumber = UINT32_MAX;
    static constexpr std::uint32_t kLeftRows = All ? 4 : 1; // certain, possible, near, fact

    /// The candidates of one shape. Left: their lone literals have been met.
    template <bool Left> void run_shape(const Shape& shape) {
        switch (shape.literals - (Left ? shape.lone : 0)) {
        case 0: run_shape<Left, 0>(shape); break;
        case 1: run_shape<Left, 1>(shape); break;
        case 2: run_shape<Left, 2>(shape); break;
        case 3: run_shape<Left, 3>(shape); break;
        case 4: run_shape<Left, 4>(shape); break;
        case 5: run_shape<Left, 5>(shape); break;
        case 6: run_shape<Left, 6>(shape); break;
        case 7: run_shape<Left, 7>(shape); break;
        case 8: run_shape<Left, 8>(shape); break;
        default: run_shape<Left, kAnyNumber>(shape);
        }
    }

    /// The number of literals is a constant, where it is a common one.
    template <bool Left, std::uint32_t Literals> void run_shape(const Shape& shape) {
        const std::uint32_t literals =
            Literals == kAnyNumber ? shape.literals - (Left ? shape.lone : 0) : Literals;
        const std::uint32_t stride = shape.literals + shape.others;
        const Ref* const refs = program_.refs.data() + shape.first_ref;
        const Bits valid = load(task_.view.valid);
        for (std::uint32_t w = shape.first / 64; w * 64 < shape.last; ++w) {
            std::uint64_t bits = task_.candidates[w];
            if (w * 64 < shape.first) bits &= ~std::uint64_t{0} << (shape.first % 64);
            if (shape.last - w * 64 < 64) bits &= ~(~std::uint64_t{0} << (shape.last % 64));
            for (; bits != 0; bits &= bits - 1) {
                const std::uint32_t place =
                    w * 64 + static_cast<std::uint32_t>(__builtin_ctzll(bits));
                const std::size_t in_shape = place - shape.first;
                const Ref* const own = refs + in_shape * stride;
                const BlockRow* const left = scratch_.left.data() + in_shape * kLeftRows;
                Planes planes;
                if (conjunction<Left>(Left ? load(*left) : valid, left, own, literals,
                                      own + (Left ? shape.literals : literals), shape.others,
                                      planes))
                    emit_all(place, shape.manual, planes);
            }
        }
    }

    QICE_FLAT void emit_all(std::uint32_t place, bool manual, const Planes& planes) {
        std::uint64_t* counts = scratch_.counts.data() + std::size_t{4} * place;
        counts[0] += emit(kEligible, place, planes.certain);
        if (manual) counts[1] += emit(kReview, place, planes.confirmed & ~planes.certain);
        if (All) {
            const Bits needs = planes.possible & ~planes.confirmed;
            counts[2] += emit(kNeedsFact, place, needs & planes.fact);
            counts[2] += emit(kNeedsMore, place, needs & ~planes.fact);
            counts[3] += emit(kNear, place, planes.near & ~planes.possible);
        }
    }

    QICE_FLAT std::uint32_t emit(RankClass rank_class, std::uint32_t place, const Bits& firms) {
        if (is_zero(firms)) return 0;
        if ((task_.wanted >> rank_class & 1) != 0) {
            BlockMatches& matches = scratch_.matches[rank_class];
            matches.policies[matches.size] = place;
            store(matches.firms[matches.size], firms);
            ++matches.size;
        }
        return count(firms);
    }

    /// ANDs literals and others to what there is; false if no firm of the block can come of it.
    template <bool Left>
    QICE_FLAT bool conjunction(const Bits& begin, const BlockRow* left, const Ref* literal,
                               std::uint32_t literals, const Ref* other, std::uint32_t others,
                               Planes& out) {
        Bits certain = begin, possible = begin, near = begin, fact = begin;
        if (All && Left) {
            possible = load(left[1]);
            near = load(left[2]);
            fact = load(left[3]);
        }
        for (std::uint32_t i = 0; i < literals; ++i) {
            const std::uint32_t number = literal[i] & ~kLiteralBit;
            const Bits literal_certain = load(*literal_row(number));
            if (All) {
                const Bits literal_possible = load(scratch_.possible_rows.data()[number]);
                const Bits literal_near = literal_certain | mendable(number, literal_possible);
                near = (near & literal_certain) | (certain & literal_near);
                fact = (fact & literal_certain) | (certain & literal_possible);
                possible &= literal_possible;
            }
            certain &= literal_certain;
        }
        out = {certain, certain, possible, near, fact};
        if (is_zero(All ? possible | near : certain)) return false;
        for (const Ref* const end = other + others; other < end; ++other) {
            and_into<All>(out, node_planes(*other));
            if (is_zero(All ? out.possible | out.near : out.confirmed)) return false;
        }
        return true;
    }

    /// False but not fixed: one change away.
    QICE_FLAT Bits mendable(std::uint32_t literal, const Bits& possible) const {
        return program_.literals[literal].fixed ? zeros() : ~possible;
    }

    Planes planes(Ref ref) {
        if ((ref & kLiteralBit) == 0) return node_planes(ref);
        const std::uint32_t number = ref & ~kLiteralBit;
        const Bits certain = load(*literal_row(number));
        const Bits possible = literal_possible(number, certain);
        return {certain, certain, possible, certain | mendable(number, possible), possible};
    }

    /// All that a table of points asks of its conditions.
    QICE_FLAT Interval interval(Ref ref) {
        if ((ref & kLiteralBit) == 0) {
            const Planes planes = node_planes(ref);
            return {planes.certain, planes.possible};
        }
        const std::uint32_t number = ref & ~kLiteralBit;
        const Bits certain = load(*literal_row(number));
        return {certain, literal_possible(number, certain)};
    }

    QICE_FLAT Bits literal_possible(std::uint32_t number, const Bits& certain) {
        if (All) return load(scratch_.possible_rows.data()[number]);
        const Literal& literal = program_.literals[number];
        return literal.on_unknown == Truth::unknown ? certain | unknown_of(literal) : certain;
    }

    QICE_FLAT Planes node_planes(Ref ref) {
        const GraphNode& node = program_.nodes[ref];
        if (!node.shared) return planes_of(node);
        const BlockRow* rows = node_rows(ref);
        return {load(rows[0]), load(rows[1]), load(rows[2]), All ? load(rows[3]) : zeros(),
                All ? load(rows[4]) : zeros()};
    }

    /// Computed on first use in a block, and kept for the next.
    const BlockRow* node_rows(Ref ref) {
        BlockRow* rows = scratch_.node_rows.data() + std::size_t{5} * ref;
        if (scratch_.node_stamps[ref] != scratch_.block) {
            const Planes planes = planes_of(program_.nodes[ref]);
            store(rows[0], planes.certain);
            store(rows[1], planes.confirmed);
            store(rows[2], planes.possible);
            if (All) {
                store(rows[3], planes.near);
                store(rows[4], planes.fact);
            }
            scratch_.node_stamps[ref] = scratch_.block;
        }
        return rows;
    }

    QICE_FLAT Planes planes_of(const GraphNode& node) {
        if (All || node.manual || node.in_table) return compute(node);
        const Bits certain = certain_alone(node);
        return constant(certain, certain);
    }

    Planes compute(const GraphNode& node) {
        const Ref* const first = program_.refs.data() + node.first;
        switch (node.op) {
        case GraphNode::Op::never: return constant(zeros(), zeros());
        case GraphNode::Op::always: return constant(ones(), ones());
        case GraphNode::Op::manual: return constant(zeros(), ones());
        case GraphNode::Op::all: {
            Planes all = planes(first[0]);
            for (std::uint32_t i = 1; i < node.count; ++i)
                and_into<All>(all, planes(first[i]));
            return all;
        }
        case GraphNode::Op::any: {
            Planes any = planes(first[0]);
            for (std::uint32_t i = 1; i < node.count; ++i)
                or_into<All>(any, planes(first[i]));
            return any;
        }
        case GraphNode::Op::at_least: return at_least(node, first);
        case GraphNode::Op::points: return points(node);
        }
        return constant(zeros(), zeros());
    }

    /// Of a node of which nothing else is asked.
    Bits certain_alone(const GraphNode& node) {
        const Ref* const first = program_.refs.data() + node.first;
        switch (node.op) {
        case GraphNode::Op::all: {
            Bits all = certain_alone(first[0]);
            for (std::uint32_t i = 1; i < node.count; ++i)
                all &= certain_alone(first[i]);
            return all;
        }
        case GraphNode::Op::any: {
            Bits any = certain_alone(first[0]);
            for (std::uint32_t i = 1; i < node.count; ++i)
                any |= certain_alone(first[i]);
            return any;
        }
        case GraphNode::Op::at_least: return at_least_alone(node, first);
        case GraphNode::Op::points: return points_alone(node);
        default: return compute(node).certain;
        }
    }

    QICE_FLAT Bits certain_alone(Ref ref) {
        if ((ref & kLiteralBit) != 0) return load(*literal_row(ref & ~kLiteralBit));
        const GraphNode& node = program_.nodes[ref];
        return node.shared ? load(*node_rows(ref)) : certain_alone(node);
    }

    // Sums are not inlined: their rows would lie on the stack of whatever is computed for a node.

    __attribute__((noinline)) Bits at_least_alone(const GraphNode& node, const Ref* first) {
        const int levels = RowSum::levels(node.count);
        RowSum count(QICE_SUM_LEVELS(levels));
        for (std::uint32_t i = 0; i < node.count; ++i)
            count.add(certain_alone(first[i]));
        return count.reaches(node.threshold);
    }

    __attribute__((noinline)) Planes at_least(const GraphNode& node, const Ref* first) {
        const int levels = RowSum::levels(node.count);
        RowSum certain(QICE_SUM_LEVELS(levels)), confirmed(QICE_SUM_LEVELS(levels)),
            possible(QICE_SUM_LEVELS(levels)), near(QICE_SUM_LEVELS(levels)),
            fact(QICE_SUM_LEVELS(levels));
        for (std::uint32_t i = 0; i < node.count; ++i) {
            const Planes child = planes(first[i]);
            certain.add(child.certain);
            confirmed.add(child.confirmed);
            possible.add(child.possible);
            if (All) {
                near.add(child.near);
                fact.add(child.fact);
            }
        }
        const std::int64_t k = node.threshold;
        Planes out{certain.reaches(k), confirmed.reaches(k), possible.reaches(k), zeros(), zeros()};
        if (All) {
            // The k least costs add up to at most 1: k children cost at most 1, k - 1 cost nothing.
            const Bits but_one = confirmed.reaches(k - 1);
            out.near = near.reaches(k) & but_one;
            out.fact = fact.reaches(k) & but_one;
        }
        return out;
    }

    __attribute__((noinline)) Bits points_alone(const GraphNode& node) {
        const int levels = RowSum::levels(most_points(node));
        RowSum sum(QICE_SUM_LEVELS(levels));
        if (node.negated) {
            add_items<false, true>(node, sum, sum);
            return ~sum.reaches(node.threshold);
        }
        add_items<true, false>(node, sum, sum);
        return sum.reaches(node.threshold);
    }

    __attribute__((noinline)) Planes points(const GraphNode& node) {
        const int levels = RowSum::levels(most_points(node));
        RowSum least(QICE_SUM_LEVELS(levels)), least_again(QICE_SUM_LEVELS(levels)),
            most(QICE_SUM_LEVELS(levels));
        const std::int64_t manual = add_items<true, true>(node, least, most);
        least_again.begin_as(least);
        const std::int64_t bound = node.threshold;
        const Bits certain = least.reaches(bound);
        const Bits confirmed = least_again.reaches(bound - manual);
        const Bits possible = most.reaches(bound - manual);
        if (node.negated) // a negated table has no manual items
            return {~possible, ~possible, ~certain, certain | ~possible, ~certain};
        return {certain, confirmed, possible, confirmed | ~possible, possible};
    }

    std::uint64_t most_points(const GraphNode& node) const {
        std::uint64_t most = 0;
        for (std::uint32_t i = 0; i < node.count; ++i)
            most += program_.items[node.first + i].most;
        return most;
    }

    /// Adds up what a table gives at least or at most, as wanted; returns the points of its items
    /// that a person judges.
    template <bool Least, bool Most>
    QICE_FLAT std::int64_t add_items(const GraphNode& node, RowSum& least, RowSum& most) {
        std::int64_t manual = 0;
        for (std::uint32_t i = 0; i < node.count; ++i) {
            const GraphItem& item = program_.items[node.first + i];
            manual += item.manual_points;
            for (std::uint32_t first = 0; first < item.steps; first += kStepsAtOnce) {
                ItemPoints<Least, Most> points(first, lesser(item.steps - first, kStepsAtOnce));
                land(item, points);
                points.add_to(least, most, program_.steps.data() + item.first_step + first);
            }
        }
        return manual;
    }

    /// On its first true tier, or on an unknown one before it, or on 0.
    template <class Points> QICE_FLAT void land(const GraphItem& item, Points& points) {
        Bits open = ones(); // no true tier so far
        const GraphTier* const tiers = program_.tiers.data() + item.first;
        for (std::uint32_t t = 0; t < item.count; ++t) {
            const Interval when = interval(tiers[t].when);
            points.land(open & when.possible, tiers[t].steps);
            open &= ~when.certain;
        }
        points.land(open, 0);
    }

    /// Computed on first use in a block: where a literal is certain.
    QICE_FLAT const BlockRow* literal_row(std::uint32_t number) {
        if (__builtin_expect(scratch_.literal_stamps[number] != scratch_.block, 0))
            compute_literal(number);
        return scratch_.certain_rows.data() + number;
    }

    __attribute__((noinline)) void compute_literal(std::uint32_t number) {
        const Literal& literal = program_.literals[number];
        if (literal.form == Literal::Form::elements)
            return keep(number, literal, has_elements(literal) & ~unknown_of(literal));
        begin_field(literal.slot);
        AskedOfField& asked = scratch_.asked.data()[literal.slot];
        if (literal.bitmap != Literal::kNoBitmap) {
            if (++asked.lookups == asked.many_lookups) return look_up_field(literal.slot);
        } else if (++asked.ranges == asked.many_ranges) {
            compute_field(literal.slot);
            if (scratch_.literal_stamps[number] == scratch_.block) return; // it is not lone
        }
        keep(number, literal, in_ranges(literal));
    }

    QICE_FLAT void keep(std::uint32_t number, const Literal& literal, Bits certain) {
        if (literal.on_unknown == Truth::yes) certain |= unknown_of(literal);
        store(scratch_.certain_rows.data()[number], certain);
        if (All)
            store(scratch_.possible_rows.data()[number],
                  literal.on_unknown == Truth::unknown ? certain | unknown_of(literal) : certain);
        scratch_.literal_stamps[number] = scratch_.block;
    }

    Bits in_ranges(const Literal& literal) const {
        const std::uint8_t* codes = task_.view.codes[literal.slot];
        const std::uint8_t width = task_.view.widths[literal.slot];
        BlockRow row;
        if (literal.bitmap != Literal::kNoBitmap) {
            const std::uint32_t last = program_.ranges[literal.first + literal.count - 1].last;
            codes_in_bitmap(codes, width, program_.bitmaps.data() + literal.bitmap, last, row);
            return load(row);
        }
        Bits inside = zeros();
        for (std::uint32_t i = 0; i < literal.count; ++i) {
            const FieldCuts::Range& range = program_.ranges[literal.first + i];
            codes_in_range(codes, width, range.first, range.last, row);
            inside |= load(row);
        }
        return inside;
    }

    // --- all literals of a field

    /// Those that are looked up: rows of literal bits, a firm's code a row, transposed.
    void look_up_field(std::uint32_t slot) {
        const CodedField& field = program_.fields[slot];
        const LookupTable* const tables = program_.lookup_tables.data() + field.first_table;
        const std::uint32_t unknown = field.cuts.codes();
        for (const LookupTable* table = tables; table < tables + field.tables; ++table) {
            const BlockRow* const of_code = program_.lookup_rows.data() + table->first_row;
            const BlockRow* of_firm[kBlockFirms];
            for (std::size_t firm = 0; firm < kBlockFirms; ++firm) {
                const std::uint32_t code = code_at(slot, firm);
                of_firm[firm] = of_code + (code < unknown ? code : unknown);
            }
            transpose(of_firm, kBlockFirms, scratch_.looked_up.data()->words, kBlockWords);
            for (std::uint32_t i = 0; i < table->literals; ++i) {
                const std::uint32_t number = table->first_literal + i;
                keep(number, program_.literals[number], load(scratch_.looked_up.data()[i]));
            }
        }
    }

    QICE_FLAT std::uint32_t code_at(std::uint32_t slot, std::size_t firm) const {
        const std::uint8_t* const codes = task_.view.codes[slot];
        switch (task_.view.widths[slot]) {
        case 1: return codes[firm];
        case 2: return reinterpret_cast<const std::uint16_t*>(codes)[firm];
        default: return reinterpret_cast<const std::uint32_t*>(codes)[firm];
        }
    }

    const RangeRows& range_rows(std::uint32_t slot) {
        RangeRows& rows = scratch_.range_rows.data()[slot];
        if (scratch_.range_stamps.data()[slot] != scratch_.block) {
            rows.make(task_.view.codes[slot], task_.view.widths[slot]);
            scratch_.range_stamps.data()[slot] = scratch_.block;
        }
        return rows;
    }

    QICE_FLAT static Bits in_range(const RangeRows& rows, std::uint32_t first, std::uint32_t end) {
        return load(rows.below(end)) & ~load(rows.below(first));
    }

    /// But for those that are lone or looked up.
    void compute_field(std::uint32_t slot) {
        const RangeRows& rows = range_rows(slot);
        const CodedField& field = program_.fields[slot];
        for (std::uint32_t number = field.first_literal;
             number < field.first_literal + field.literals; ++number) {
            const Literal& literal = program_.literals[number];
            if (literal.bitmap != Literal::kNoBitmap) continue;
            Bits inside = zeros();
            for (std::uint32_t i = 0; i < literal.count; ++i) {
                const FieldCuts::Range& range = program_.ranges[literal.first + i];
                inside |= in_range(rows, range.first, range.last + 1);
            }
            keep(number, literal, inside);
        }
    }

    /// Lone literals of all policies of a shape, or of its candidates one by one?
    bool is_worth_range_rows() const {
        std::uint32_t candidates = 0, all = 0;
        for (const Shape& shape : program_.shapes) {
            if (shape.lone == 0) continue;
            all += shape.last - shape.first;
            for (std::uint32_t w = shape.first / 64; w * 64 < shape.last; ++w)
                candidates += static_cast<std::uint32_t>(__builtin_popcountll(task_.candidates[w]));
        }
        return all != 0 && candidates >= all / 8;
    }

    /// scratch_.left: what the lone literals of a shape leave to its policies.
    void meet_lone(const Shape& shape) {
        const Bits valid = load(task_.view.valid);
        for (std::uint32_t i = 0; i < (shape.last - shape.first) * kLeftRows; ++i)
            store(scratch_.left.data()[i], valid);
        const LoneField* const fields = program_.lone_fields.data() + shape.first_lone_field;
        for (const LoneField* field = fields; field < fields + shape.lone_fields; ++field)
            meet_field(*field);
    }

    void meet_field(const LoneField& field) {
        const RangeRows& rows = range_rows(field.slot);
        begin_field(field.slot);
        const Bits unknown = load(scratch_.unknown_rows.data()[field.slot]);
        BlockRow flips[4]; // by LoneLiteral::kOutside and kMetByUnknown
        store(flips[0], zeros());
        store(flips[LoneLiteral::kOutside], ~unknown);
        store(flips[LoneLiteral::kMetByUnknown], unknown);
        store(flips[LoneLiteral::kOutside | LoneLiteral::kMetByUnknown], ones());
        const LoneLiteral* const literals = program_.lone_literals.data() + field.first;
        for (const LoneLiteral* literal = literals; literal < literals + field.count; ++literal) {
            const Bits certain =
                in_range(rows, literal->first, literal->end) ^ load(flips[literal->how & 3]);
            BlockRow* const left = scratch_.left.data() + literal->place * kLeftRows;
            const Bits left_certain = load(left[0]);
            store(left[0], left_certain & certain);
            if (All) {
                const bool leaves_unknown = (literal->how & LoneLiteral::kLeavesUnknown) != 0;
                const bool fixed = (literal->how & LoneLiteral::kFixed) != 0;
                const Bits possible = leaves_unknown ? certain | unknown : certain;
                const Bits near = fixed ? certain : certain | ~possible;
                store(left[1], load(left[1]) & possible);
                store(left[2], (load(left[2]) & certain) | (left_certain & near));
                store(left[3], (load(left[3]) & certain) | (left_certain & possible));
            }
        }
    }

    QICE_FLAT Bits unknown_of(const Literal& literal) {
        if (literal.form == Literal::Form::elements)
            return load(task_.view.planes[unknown_plane(literal.slot)]);
        begin_field(literal.slot);
        return load(scratch_.unknown_rows.data()[literal.slot]);
    }

    /// What is kept of a field is of this block from here on.
    QICE_FLAT void begin_field(std::uint32_t slot) {
        if (__builtin_expect(scratch_.field_stamps[slot] == scratch_.block, 1)) return;
        const std::uint8_t width = task_.view.widths[slot];
        const std::uint32_t unknown = width == 1 ? 0xff : width == 2 ? 0xffff : 0xffffffff;
        codes_in_range(task_.view.codes[slot], width, unknown, unknown,
                       scratch_.unknown_rows.data()[slot]);
        scratch_.asked.data()[slot].ranges = 0;
        scratch_.asked.data()[slot].lookups = 0;
        scratch_.field_stamps[slot] = scratch_.block;
    }

    std::uint32_t unknown_plane(std::uint32_t set) const {
        return program_.sets[set].first_plane +
               static_cast<std::uint32_t>(program_.sets[set].elements.size());
    }

    Bits has_elements(const Literal& literal) const {
        Bits all_tests = ones();
        for (std::uint32_t i = 0; i < literal.count; ++i) {
            const ElementTest& test = program_.element_tests[literal.first + i];
            if (test.mode == ElementTest::Mode::all)
                all_tests &= has_all(test);
            else
                all_tests &= test.mode == ElementTest::Mode::any ? has_any(test) : ~has_any(test);
        }
        return literal.negated ? ~all_tests : all_tests;
    }

    Bits has_any(const ElementTest& test) const {
        if (test.united != ElementTest::kNotUnited && task_.view.unions != nullptr)
            return load(task_.view.unions[test.united]);
        const std::uint32_t* const elements = program_.elements.data() + test.first;
        Bits any = zeros();
        for (std::uint32_t e = 0; e < test.count; ++e)
            any |= load(task_.view.planes[elements[e]]);
        return any;
    }

    /// Few firms have many elements: the loop mostly ends early.
    Bits has_all(const ElementTest& test) const {
        const std::uint32_t* const elements = program_.elements.data() + test.first;
        Bits all = ones();
        for (std::uint32_t e = 0; e < test.count && !is_zero(all); ++e)
            all &= load(task_.view.planes[elements[e]]);
        return all;
    }

    const BlockTask& task_;
    const Program& program_;
    BlockScratch& scratch_;
};

inline void run_block(const BlockTask& task, BlockScratch& scratch) {
    if (task.all_planes)
        Executor<true>(task, scratch).run();
    else
        Executor<false>(task, scratch).run();
}

inline const BlockRow* certain(const BlockTask& task, BlockScratch& scratch, Ref ref) {
    if (task.all_planes) return Executor<true>(task, scratch).certain(ref);
    return Executor<false>(task, scratch).certain(ref);
}
