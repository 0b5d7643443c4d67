// The program for one firm: the planes of 512 policies at once. Included once per CPU level, after
// planes.inl and row_sums.inl.
//
// Where the block executor has a bit a firm and takes one policy after another, here a bit is a
// policy, and what takes turns are the places of a rule: the first alternative that each of 512
// policies names, then their second ones. What one of these demands of the firm's fields is an AND
// over rows, whatever it is.

/// All = false computes only what eligible and review need.
template <bool All> class PolicyExecutor {
  public:
    explicit PolicyExecutor(const PolicyTask& task) : task_(task) {}

    /// What the literals of rules say of those policies of a block that take part; false if nothing
    /// can come of any.
    bool meet_rows(std::size_t block, const BlockRow& open, PolicyPlanes& out) const {
        const Planes planes = rows(task_.rows, block, load(open) & load(task_.blocks[block].used));
        keep(planes, out);
        return !is_zero(left(planes));
    }

    /// ANDs the rest of the rules to that.
    void meet_layers(std::size_t block, PolicyPlanes& out) const {
        Planes planes{load(out.certain), load(out.confirmed), zeros(), zeros(), zeros()};
        if (All) {
            planes.possible = load(out.possible);
            planes.near = load(out.near);
            planes.fact = load(out.fact);
        }
        meet_nodes(task_.blocks[block], planes);
        keep(planes, out);
    }

  private:
    static void keep(const Planes& planes, PolicyPlanes& out) {
        store(out.certain, planes.certain);
        store(out.confirmed, planes.confirmed);
        if (!All) return;
        store(out.possible, planes.possible);
        store(out.near, planes.near);
        store(out.fact, planes.fact);
    }

    /// Of whom something may still come.
    static Bits left(const Planes& planes) {
        return All ? planes.possible | planes.near : planes.confirmed;
    }

    /// A conjunction of literals for each bit of a block, if it is one of these.
    QICE_FLAT Planes rows(const ChosenRows& chosen, std::size_t block, const Bits& begin) const {
        Bits certain = begin, possible = begin, near = begin, fact = begin;
        const std::uint16_t* const end = chosen.asked + chosen.first_asked[block + 1];
        for (const std::uint16_t* part = chosen.asked + chosen.first_asked[block]; part < end;
             ++part) {
            const ChosenRows::Part& asked = chosen.parts[*part];
            const std::size_t first =
                kBlockWords * (asked.row_of_block == nullptr ? block : asked.row_of_block[block]);
            const auto row = [&](const std::uint64_t* words) {
                return read(*reinterpret_cast<const Bits*>(words + first));
            };
            const auto has_one = [&](const std::uint64_t* free, const std::uint64_t* const* has,
                                     const std::uint64_t* const* end) {
                Bits one = row(free);
                for (; has < end; ++has)
                    one |= row(*has);
                return one;
            };
            Bits met = has_one(asked.certain, asked.has, asked.has_end);
            for (const ChosenRows::Demand* more = asked.more; more < asked.more_end; ++more)
                met &= has_one(more->free, more->has, more->has_end);
            for (const std::uint64_t* const* lacks = asked.lacks; lacks < asked.lacks_end; ++lacks)
                met &= ~row(*lacks);
            if (All) {
                const Bits open = asked.possible == asked.certain ? met : row(asked.possible);
                const Bits once = asked.once == nullptr ? ones() : row(asked.once);
                const Bits mended = asked.fixed ? met : met | (once & ~open);
                near = (near & met) | (certain & mended);
                fact = (fact & met) | (certain & once & open);
                possible &= open;
            }
            certain &= met;
        }
        return {certain, certain, possible, near, fact};
    }

    Planes conjunction(std::uint32_t number, const Bits& wanted) const {
        const PolicyTerm& term = task_.terms[number];
        Planes planes = rows(task_.term_rows, number, load(term.used) & wanted);
        meet_nodes(term, planes);
        return planes;
    }

    void meet_nodes(const PolicyTerm& term, Planes& planes) const {
        planes.certain &= ~load(term.manual);
        const PolicyLayer* const end = task_.layers + term.first_layer + term.layers;
        for (const PolicyLayer* layer = task_.layers + term.first_layer; layer < end; ++layer) {
            const Bits wanted = left(planes) & load(layer->nodes);
            if (is_zero(wanted)) continue;
            and_into<All>(planes, layer->is_sum ? at_least(*layer, wanted) : any(*layer, wanted));
        }
    }

    /// True of who has no node here.
    Planes any(const PolicyLayer& layer, const Bits& wanted) const {
        const Bits others = ~load(layer.nodes);
        Planes any = constant(others, others);
        for (std::uint32_t i = 0; i < layer.terms; ++i) {
            or_into<All>(any, conjunction(layer.first_term + i, wanted));
            if (is_zero(wanted & ~any.certain)) break;
        }
        return any;
    }

    __attribute__((noinline)) Planes at_least(const PolicyLayer& layer, const Bits& wanted) const {
        RowSum certain, confirmed, possible, near, fact;
        for (std::uint32_t b = 0; b <= layer.slices; ++b) {
            const Bits begin = load(task_.slices[layer.first_slice + b]);
            const std::uint32_t number = std::uint32_t{1} << b;
            confirmed.add(begin, number);
            if (layer.manual) certain.add(begin, number);
            if (!All) continue;
            possible.add(begin, number);
            near.add(begin, number);
            fact.add(begin, number);
        }
        for (std::uint32_t i = 0; i < layer.terms; ++i) {
            const Planes term = conjunction(layer.first_term + i, wanted);
            confirmed.add(term.confirmed);
            if (layer.manual) certain.add(term.certain);
            if (!All) continue;
            possible.add(term.possible);
            near.add(term.near);
            fact.add(term.fact);
        }
        const std::int64_t bound = std::int64_t{1} << layer.slices;
        const Bits met = confirmed.reaches(bound);
        Planes out = constant(layer.manual ? certain.reaches(bound) : met, met);
        if (All) {
            // The k least costs add up to at most 1: k children cost at most 1, k - 1 cost nothing.
            const Bits but_one = confirmed.reaches(bound - 1);
            out.possible = possible.reaches(bound);
            out.near = near.reaches(bound) & but_one;
            out.fact = fact.reaches(bound) & but_one;
        }
        return out;
    }

    const PolicyTask& task_;
};

inline bool meet_rows(const PolicyTask& task, std::size_t block, const BlockRow& open,
                      PolicyPlanes& out) {
    if (task.all_planes) return PolicyExecutor<true>(task).meet_rows(block, open, out);
    return PolicyExecutor<false>(task).meet_rows(block, open, out);
}

inline void meet_layers(const PolicyTask& task, std::size_t block, PolicyPlanes& out) {
    if (task.all_planes)
        PolicyExecutor<true>(task).meet_layers(block, out);
    else
        PolicyExecutor<false>(task).meet_layers(block, out);
}
