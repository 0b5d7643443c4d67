// The program over one block of firms. Included once per CPU level, inside a namespace of that
// level; the level has defined codes_in_range() and codes_in_bitmap(). No standard templates are
// instantiated here, so that no code compiled for a newer CPU can leak into the rest of the
// program.

struct Planes {
    Bits certain, confirmed, possible, near, fact;
};

inline Planes constant(const Bits& certain, const Bits& confirmed) {
    return {certain, confirmed, confirmed, confirmed, confirmed};
}

/// Numbers of 512 firms as bit slices: slice b holds bit b of each firm's number.
struct Slices {
    static constexpr int kMost = 32; // counts are 32 bits; greater sums of points saturate
    Bits slice[kMost];
    Bits over; // where the sum has passed 2^kMost: above every bound
    int used = 0;

    Slices() { over = zeros(); }

    void add(const Bits* number, int width) {
        Bits carry = zeros();
        for (int b = 0; b < width || !is_zero(carry); ++b) {
            if (b == kMost) {
                over |= carry;
                return;
            }
            if (b == used) slice[used++] = zeros();
            const Bits addend = b < width ? number[b] : zeros();
            const Bits half = slice[b] ^ addend;
            const Bits next = (slice[b] & addend) | (half & carry);
            slice[b] = half ^ carry;
            carry = next;
        }
    }
    Bits reaches(std::int64_t bound) const;
};

/// Where a number of `width` slices is `bound` or more.
inline Bits reaches(const Bits* slice, int width, std::int64_t bound) {
    if (bound <= 0) return ones();
    if ((bound >> width) != 0) return zeros();
    Bits greater = zeros(), equal = ones();
    for (int b = width - 1; b >= 0; --b) {
        if ((bound >> b) & 1) {
            equal &= slice[b];
        } else {
            greater |= equal & slice[b];
            equal &= ~slice[b];
        }
    }
    return greater | equal;
}

inline Bits Slices::reaches(std::int64_t bound) const {
    return QICE_LEVEL::reaches(slice, used, bound) | over;
}

/// How many of some rows each of 512 firms is in. A row waits at its level until a second one
/// comes; both and the level's slice are then one full adder, and the carry goes a level up: five
/// operations a row, whatever the rows hold.
class RowCount {
  public:
    void add(const Bits& row) {
        Bits carry = row;
        int b = 0;
        for (; (rows_ >> b & 1) != 0; ++b) {
            const Bits half = slice_[b] ^ waiting_[b];
            const Bits next = (slice_[b] & waiting_[b]) | (half & carry);
            slice_[b] = half ^ carry;
            carry = next;
        }
        waiting_[b] = carry;
        ++rows_;
        if ((rows_ & (rows_ - 1)) == 0) slice_[levels_++] = zeros();
    }

    /// Where the count is `bound` or more. No row may be added later.
    Bits reaches(std::int64_t bound) {
        for (int b = 0; b < levels_; ++b) {
            if ((rows_ >> b & 1) == 0) continue;
            Bits carry = waiting_[b];
            for (int above = b; above < levels_; ++above) {
                const Bits next = slice_[above] & carry;
                slice_[above] ^= carry;
                carry = next;
            }
        }
        rows_ = 0;
        return QICE_LEVEL::reaches(slice_, levels_, bound);
    }

  private:
    static constexpr int kMost = 32; // a node has less than 2^32 children
    Bits slice_[kMost], waiting_[kMost];
    std::uint32_t rows_ = 0;
    int levels_ = 0; // slices
};

inline constexpr int kPointBits = 10; // points of a tier: up to 1,000

/// Runs one block. All = false computes only what eligible and review need.
template <bool All> class Executor {
  public:
    Executor(const BlockTask& task, BlockScratch& scratch)
        : task_(task), program_(*task.program), scratch_(scratch) {}

    void run() {
        for (const Shape& shape : program_.shapes) {
            switch (shape.literals) {
            case 1: run_shape<1>(shape); break;
            case 2: run_shape<2>(shape); break;
            case 3: run_shape<3>(shape); break;
            case 4: run_shape<4>(shape); break;
            case 5: run_shape<5>(shape); break;
            case 6: run_shape<6>(shape); break;
            case 7: run_shape<7>(shape); break;
            case 8: run_shape<8>(shape); break;
            default: run_shape<kAnyNumber>(shape);
            }
        }
    }

    const BlockRow* certain(Ref ref) {
        if ((ref & kLiteralBit) != 0) return literal_row(ref & ~kLiteralBit);
        return node_rows(ref);
    }

  private:
    static constexpr std::uint32_t kAnyNumber = UINT32_MAX;

    /// The candidates of one shape; the number of literals is a constant, where it is a common one.
    template <std::uint32_t Literals> void run_shape(const Shape& shape) {
        const std::uint32_t literals = Literals == kAnyNumber ? shape.literals : Literals;
        const std::uint32_t stride = literals + shape.others;
        const Ref* const refs = program_.refs.data() + shape.first_ref;
        const Bits valid = load(task_.view.valid);
        for (std::uint32_t w = shape.first / 64; w * 64 < shape.last; ++w) {
            std::uint64_t bits = task_.candidates[w];
            if (w * 64 < shape.first) bits &= ~std::uint64_t{0} << (shape.first % 64);
            if (shape.last - w * 64 < 64) bits &= ~(~std::uint64_t{0} << (shape.last % 64));
            for (; bits != 0; bits &= bits - 1) {
                const std::uint32_t place =
                    w * 64 + static_cast<std::uint32_t>(__builtin_ctzll(bits));
                const Ref* const own = refs + std::size_t{place - shape.first} * stride;
                Planes planes;
                if (conjunction(own, literals, shape.others, valid, planes))
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

    /// False if no firm of the block can come of it.
    QICE_FLAT bool conjunction(const Ref* ref, std::uint32_t literals, std::uint32_t others,
                               const Bits& valid, Planes& out) {
        Bits certain = valid, possible = valid, near = valid, fact = valid;
        for (std::uint32_t i = 0; i < literals; ++i) {
            const std::uint32_t number = ref[i] & ~kLiteralBit;
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
        for (const Ref* other = ref + literals; other < ref + literals + others; ++other) {
            and_into(out, node_planes(*other));
            if (is_zero(All ? out.possible | out.near : out.confirmed)) return false;
        }
        return true;
    }

    /// False but not fixed: one change away.
    QICE_FLAT Bits mendable(std::uint32_t literal, const Bits& possible) const {
        return program_.literals[literal].fixed ? zeros() : ~possible;
    }

    QICE_FLAT static void and_into(Planes& all, const Planes& child) {
        if (All) {
            all.near = (all.near & child.confirmed) | (all.confirmed & child.near);
            all.fact = (all.fact & child.confirmed) | (all.confirmed & child.fact);
        }
        all.possible &= child.possible;
        all.certain &= child.certain;
        all.confirmed &= child.confirmed;
    }

    QICE_FLAT static void or_into(Planes& any, const Planes& child) {
        any.certain |= child.certain;
        any.confirmed |= child.confirmed;
        any.possible |= child.possible;
        if (All) {
            any.near |= child.near;
            any.fact |= child.fact;
        }
    }

    Planes planes(Ref ref) {
        if ((ref & kLiteralBit) == 0) return node_planes(ref);
        const std::uint32_t number = ref & ~kLiteralBit;
        const Bits certain = load(*literal_row(number));
        const Literal& literal = program_.literals[number];
        const Bits possible = All ? load(scratch_.possible_rows.data()[number])
                              : literal.on_unknown == Truth::unknown ? certain | unknown_of(literal)
                                                                     : certain;
        return {certain, certain, possible, certain | mendable(number, possible), possible};
    }

    QICE_FLAT Planes node_planes(Ref ref) {
        const BlockRow* rows = node_rows(ref);
        return {load(rows[0]), load(rows[1]), load(rows[2]), All ? load(rows[3]) : zeros(),
                All ? load(rows[4]) : zeros()};
    }

    /// Computed on first use in a block; shared by every policy that has the node.
    const BlockRow* node_rows(Ref ref) {
        BlockRow* rows = scratch_.node_rows.data() + std::size_t{5} * ref;
        if (scratch_.node_stamps[ref] != scratch_.block) {
            const GraphNode& node = program_.nodes[ref];
            const bool plain = !All && !node.manual && !node.in_table;
            const Planes planes = plain ? certain_alone(node) : compute(node);
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

    Planes compute(const GraphNode& node) {
        const Ref* const first = program_.refs.data() + node.first;
        switch (node.op) {
        case GraphNode::Op::never: return constant(zeros(), zeros());
        case GraphNode::Op::always: return constant(ones(), ones());
        case GraphNode::Op::manual: return constant(zeros(), ones());
        case GraphNode::Op::all: {
            Planes all = planes(first[0]);
            for (std::uint32_t i = 1; i < node.count; ++i)
                and_into(all, planes(first[i]));
            return all;
        }
        case GraphNode::Op::any: {
            Planes any = planes(first[0]);
            for (std::uint32_t i = 1; i < node.count; ++i)
                or_into(any, planes(first[i]));
            return any;
        }
        case GraphNode::Op::at_least: return at_least(node, first);
        case GraphNode::Op::points: return points(node);
        }
        return constant(zeros(), zeros());
    }

    /// A node of which nothing else is asked.
    Planes certain_alone(const GraphNode& node) {
        const Ref* const first = program_.refs.data() + node.first;
        Bits out;
        switch (node.op) {
        case GraphNode::Op::all:
            out = load(*certain(first[0]));
            for (std::uint32_t i = 1; i < node.count; ++i)
                out &= load(*certain(first[i]));
            break;
        case GraphNode::Op::any:
            out = load(*certain(first[0]));
            for (std::uint32_t i = 1; i < node.count; ++i)
                out |= load(*certain(first[i]));
            break;
        case GraphNode::Op::at_least: {
            RowCount count;
            for (std::uint32_t i = 0; i < node.count; ++i)
                count.add(load(*certain(first[i])));
            out = count.reaches(node.threshold);
            break;
        }
        default: return compute(node);
        }
        return constant(out, out);
    }

    Planes at_least(const GraphNode& node, const Ref* first) {
        RowCount certain, confirmed, possible, near, fact;
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

    Planes points(const GraphNode& node) {
        Slices least, most;
        std::int64_t manual = 0;
        for (std::uint32_t i = 0; i < node.count; ++i) {
            const GraphItem& item = program_.items[node.first + i];
            if (item.count == 0)
                manual += item.manual_points;
            else
                add_item(item, least, most);
        }
        const std::int64_t bound = node.threshold;
        const Bits certain = least.reaches(bound);
        const Bits confirmed = least.reaches(bound - manual);
        const Bits possible = most.reaches(bound - manual);
        if (node.negated) // a negated table has no manual items
            return {~possible, ~possible, ~certain, certain | ~possible, ~certain};
        return {certain, confirmed, possible, confirmed | ~possible, possible};
    }

    /// An item lands on its first true tier, or on an unknown one before it, or on 0.
    void add_item(const GraphItem& item, Slices& least, Slices& most) {
        const GraphTier* const tiers = program_.tiers.data() + item.first;
        Bits low[kPointBits], high[kPointBits];
        for (int b = 0; b < kPointBits; ++b)
            low[b] = high[b] = zeros();
        Bits open = ones(), landed = zeros(); // no true tier so far; may have landed already
        const auto land = [&](const Bits& where, std::uint32_t points) {
            const Bits above = reaches(low, kPointBits, std::int64_t{points} + 1);
            const Bits below = ~reaches(high, kPointBits, points);
            assign(low, where & (~landed | above), points);
            assign(high, where & (~landed | below), points);
            landed |= where;
        };
        for (std::uint32_t t = 0; t < item.count; ++t) {
            const Planes when = planes(tiers[t].when);
            land(open & when.possible, tiers[t].points);
            open &= ~when.certain;
        }
        land(open, 0);
        least.add(low, kPointBits);
        most.add(high, kPointBits);
    }

    static void assign(Bits* number, const Bits& where, std::uint32_t value) {
        for (int b = 0; b < kPointBits; ++b)
            number[b] = (number[b] & ~where) | ((value >> b & 1) != 0 ? where : zeros());
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
        if (++scratch_.asked[literal.slot] == scratch_.many[literal.slot]) {
            compute_field(literal.slot);
            if (scratch_.literal_stamps[number] == scratch_.block) return;
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

    /// All literals of a field, but for those that are looked up in bitmaps.
    void compute_field(std::uint32_t slot) {
        if (task_.view.widths[slot] > 2) return;
        RangeRows& rows = scratch_.range_rows;
        rows.make(task_.view.codes[slot], task_.view.widths[slot]);
        const CodedField& field = program_.fields[slot];
        for (std::uint32_t number = field.first_literal;
             number < field.first_literal + field.literals; ++number) {
            const Literal& literal = program_.literals[number];
            if (literal.bitmap != Literal::kNoBitmap) continue;
            Bits inside = zeros();
            for (std::uint32_t i = 0; i < literal.count; ++i) {
                const FieldCuts::Range& range = program_.ranges[literal.first + i];
                inside |= load(rows.up_to(range.last)) & ~load(rows.below(range.first));
            }
            keep(number, literal, inside);
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
        scratch_.asked[slot] = 0;
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
