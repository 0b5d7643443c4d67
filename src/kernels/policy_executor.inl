// The program for one firm: the planes of 512 policies at once. Included once per CPU level, after
// planes.inl and row_sums.inl.
//
// Where the block executor has a bit a firm and takes one policy after another, here a bit is a
// policy, and what takes turns are the places of a rule: the first alternative that each of 512
// policies names, then their second ones. What one of these demands of the firm's fields is an AND
// over rows, whatever it is. Layers inside layers are a recursion, of which RuleLayers bounds the
// depth and what each takes of the stack.

/// All = false computes only what eligible and review need.
template <bool All> class PolicyExecutor {
  public:
    explicit PolicyExecutor(const PolicyTask& task) : task_(task) {}

    /// What the literals of rules say of those policies of a block that take part; false if nothing
    /// can come of any.
    bool meet_rows(std::size_t block, const BlockRow& open, PolicyPlanes& out) const {
        const Planes planes =
            rows(task_.rows, block, load(open) & load(task_.blocks[block].term.used));
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
        const PolicyBlock& all = task_.blocks[block];
        planes.certain &= ~load(all.term.manual);
        meet_nodes(all.nodes, &planes);
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
            const auto row = [&](const std::uint64_t* words) { return row_at(words, first); };
            Bits met = row(asked.certain);
            if (asked.elements != nullptr) met &= in_set(*asked.elements, first);
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

    static Bits row_at(const std::uint64_t* words, std::size_t first) {
        return read(*reinterpret_cast<const Bits*>(words + first));
    }

    QICE_FLAT static Bits in_set(const ChosenRows::Elements& elements, std::size_t first) {
        Bits met = ones();
        for (const auto* demand = elements.demands; demand < elements.demands_end; ++demand) {
            Bits one = row_at(demand->free, first);
            for (const std::uint64_t* const* has = demand->has; has < demand->has_end; ++has)
                one |= row_at(*has, first);
            met &= one;
        }
        for (const auto* lacks = elements.lacks; lacks < elements.lacks_end; ++lacks)
            met &= ~row_at(*lacks, first);
        return met;
    }

    /// Of a term, but for its nodes.
    QICE_FLAT Planes literals(std::uint32_t number, const Bits& wanted) const {
        const PolicyTerm& term = task_.terms[number];
        Planes planes = rows(task_.term_rows, number, load(term.used) & wanted);
        planes.certain &= ~load(term.manual);
        return planes;
    }

    /// ANDs nodes to the terms that they are in.
    void meet_nodes(const LayerSpan& nodes, Planes* terms) const {
        const PolicyLayer* const end = task_.layers + nodes.first + nodes.count;
        for (const PolicyLayer* layer = task_.layers + nodes.first; layer < end; ++layer) {
            const PolicyDemand* const demands = task_.demands + layer->first_demand;
            Bits wanted = zeros();
            for (std::uint32_t d = 0; d < layer->demands; ++d)
                wanted |= left(terms[demands[d].term]) & load(demands[d].who);
            if (is_zero(wanted)) continue;
            const Planes planes = node(*layer, wanted);
            for (std::uint32_t d = 0; d < layer->demands; ++d) {
                const Bits others = ~load(demands[d].who);
                and_into<All>(terms[demands[d].term],
                              {planes.certain | others, planes.confirmed | others,
                               planes.possible | others, planes.near | others,
                               planes.fact | others});
            }
        }
    }

    Planes node(const PolicyLayer& layer, const Bits& wanted) const {
        switch (layer.kind) {
        case PolicyLayer::Kind::at_least: return at_least(layer, wanted);
        case PolicyLayer::Kind::points: return points(layer, wanted);
        default: return any(layer, wanted);
        }
    }

    /// How many terms of a layer are worked out before one is used: those with nodes in them.
    static std::size_t kept_terms(const PolicyLayer& layer) {
        return layer.nodes.count == 0 ? 0 : layer.terms;
    }
    /// These, in room for them; null if there are none.
    const Planes* meet_terms(const PolicyLayer& layer, const Bits& wanted, Planes* room) const {
        if (layer.nodes.count == 0) return nullptr;
        for (std::uint32_t i = 0; i < layer.terms; ++i)
            room[i] = literals(layer.first_term + i, wanted);
        meet_nodes(layer.nodes, room);
        return room;
    }
    QICE_FLAT Planes term(const PolicyLayer& layer, std::uint32_t i, const Bits& wanted,
                          const Planes* terms) const {
        return terms != nullptr ? terms[i] : literals(layer.first_term + i, wanted);
    }

    __attribute__((noinline)) Planes any(const PolicyLayer& layer, const Bits& wanted) const {
        const Planes* const terms =
            meet_terms(layer, wanted, QICE_ON_STACK(Planes, kept_terms(layer)));
        Planes any = constant(zeros(), zeros());
        for (std::uint32_t i = 0; i < layer.terms; ++i) {
            or_into<All>(any, term(layer, i, wanted, terms));
            if (is_zero(wanted & ~any.certain)) break;
        }
        return any;
    }

    __attribute__((noinline)) Planes at_least(const PolicyLayer& layer, const Bits& wanted) const {
        const int levels = RowSum::levels(layer.most);
        RowSum certain(QICE_SUM_LEVELS(levels)), confirmed(QICE_SUM_LEVELS(levels)),
            possible(QICE_SUM_LEVELS(levels)), near(QICE_SUM_LEVELS(levels)),
            fact(QICE_SUM_LEVELS(levels));
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
        const Planes* const terms =
            meet_terms(layer, wanted, QICE_ON_STACK(Planes, kept_terms(layer)));
        for (std::uint32_t i = 0; i < layer.terms; ++i) {
            const Planes child = term(layer, i, wanted, terms);
            confirmed.add(child.confirmed);
            if (layer.manual) certain.add(child.certain);
            if (!All) continue;
            possible.add(child.possible);
            near.add(child.near);
            fact.add(child.fact);
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

    __attribute__((noinline)) Planes points(const PolicyLayer& layer, const Bits& wanted) const {
        const bool wants_most = All || layer.some_negated;
        const int levels = RowSum::levels(layer.most);
        RowSum least(QICE_SUM_LEVELS(levels)), alone(QICE_SUM_LEVELS(levels)),
            most(QICE_SUM_LEVELS(levels));
        // A tier may be possible whatever is asked for.
        const PolicyExecutor<true> all(task_);
        const Planes* const terms =
            all.meet_terms(layer, wanted, QICE_ON_STACK(Planes, kept_terms(layer)));
        for (std::uint32_t i = 0; i < layer.items; ++i) {
            const PolicyItem& item = task_.items[layer.first_item + i];
            Bits where[PolicyItem::kMostTerms];
            Bits open = ones(); // on no true tier so far
            for (std::uint32_t t = 0; t < item.terms; ++t) {
                const Planes tier = all.term(layer, item.first_term + t, wanted, terms);
                where[t] = open & tier.possible;
                open &= ~tier.certain;
            }
            add_item(item, where, open, least, wants_most ? &most : nullptr);
        }
        const std::uint32_t with_person = layer.first_slice + layer.slices + 1;
        Planes out{};
        if (layer.manual) {
            alone.begin_as(least);
            out.certain = comes_to(alone, layer, layer.first_slice);
            out.confirmed = comes_to(least, layer, with_person);
        } else {
            out.certain = out.confirmed = comes_to(least, layer, layer.first_slice);
        }
        if (!wants_most) return out;
        out.possible = comes_to(most, layer, with_person);
        out.near = out.confirmed | ~out.possible;
        out.fact = out.possible;
        if (!layer.some_negated) return out;
        // A negated table has no manual items.
        const Bits negated = load(layer.negated), others = ~negated, lost = ~out.possible;
        return {(out.certain & others) | (lost & negated),
                (out.confirmed & others) | (lost & negated),
                (out.possible & others) | (~out.certain & negated), out.near,
                (out.fact & others) | (~out.certain & negated)};
    }

    /// Where a sum, with what policies begin with, comes to 2^slices.
    Bits comes_to(RowSum& sum, const PolicyLayer& layer, std::uint32_t first_slice) const {
        for (std::uint32_t b = 0; b <= layer.slices; ++b)
            sum.add(load(task_.slices[first_slice + b]), std::uint32_t{1} << b);
        return sum.reaches(std::int64_t{1} << layer.slices);
    }

    /// Where it may land on each tier, or on 0; see ItemPoints.
    void add_item(const PolicyItem& item, const Bits* where, const Bits& nowhere, RowSum& least,
                  RowSum* most) const {
        const PolicyStep* const end = task_.steps + item.first_step + item.steps;
        for (const PolicyStep* step = task_.steps + item.first_step; step < end; ++step) {
            const BlockRow* const size = task_.slices + step->first_row;
            const BlockRow* const leads = size + step->bits;
            Bits reached = zeros(), missed = nowhere;
            for (std::uint32_t t = 0; t < item.terms; ++t) {
                reached |= where[t] & load(leads[t]);
                missed |= where[t] & ~load(leads[t]);
            }
            for (std::uint32_t b = 0; b < step->bits; ++b) {
                least.add(load(size[b]) & ~missed, std::uint32_t{1} << b);
                if (most != nullptr) most->add(load(size[b]) & reached, std::uint32_t{1} << b);
            }
        }
    }

    template <bool> friend class PolicyExecutor;

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
