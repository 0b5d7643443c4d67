// The planes of a node, see program.hpp, and how those of its children make them. Included once per
// CPU level. What a bit is, a firm or a policy, is all the same here.

struct Planes {
    Bits certain, confirmed, possible, near, fact;
};

inline Planes constant(const Bits& certain, const Bits& confirmed) {
    return {certain, confirmed, confirmed, confirmed, confirmed};
}

/// At most one of the children may need its one change. All = false: near and fact are of no
/// account.
template <bool All> QICE_FLAT void and_into(Planes& all, const Planes& child) {
    if (All) {
        all.near = (all.near & child.confirmed) | (all.confirmed & child.near);
        all.fact = (all.fact & child.confirmed) | (all.confirmed & child.fact);
    }
    all.possible &= child.possible;
    all.certain &= child.certain;
    all.confirmed &= child.confirmed;
}

template <bool All> QICE_FLAT void or_into(Planes& any, const Planes& child) {
    any.certain |= child.certain;
    any.confirmed |= child.confirmed;
    any.possible |= child.possible;
    if (All) {
        any.near |= child.near;
        any.fact |= child.fact;
    }
}
