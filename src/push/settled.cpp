#include "push/settled.hpp"

#include <absl/container/flat_hash_set.h>

#include <algorithm>

namespace qice {
namespace {

constexpr std::string_view kMark = "settled 1\n";

std::uint64_t mixed(std::uint64_t value) {
    value += 0x9e37'79b9'7f4a'7c15u;
    value = (value ^ value >> 30) * 0xbf58'476d'1ce4'e5b9u;
    value = (value ^ value >> 27) * 0x94d0'49bb'1331'11ebu;
    return value ^ value >> 31;
}

std::uint64_t mixed(std::uint64_t seed, std::string_view text) {
    for (const char byte : text)
        seed = mixed(seed ^ static_cast<unsigned char>(byte));
    return mixed(seed ^ text.size() << 8);
}

std::uint64_t number_of(const EarlierPush& push) {
    return mixed(mixed(std::uint64_t{push.edition} << 8 | static_cast<unsigned>(push.status)) ^
                 static_cast<std::uint32_t>(push.day));
}

void append(std::string& out, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i, value >>= 8)
        out += static_cast<char>(value);
}

/// Takes numbers from the front; false when there are no more.
class Bytes {
  public:
    explicit Bytes(std::string_view bytes) : left_(bytes) {}
    bool take(std::uint64_t& value, std::size_t bytes) {
        if (left_.size() < bytes) return false;
        value = 0;
        for (std::size_t i = bytes; i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(left_[i]);
        left_.remove_prefix(bytes);
        return true;
    }
    std::size_t size() const { return left_.size(); }

  private:
    std::string_view left_;
};

} // namespace

std::string Settled::to_memo() const {
    std::string out(kMark);
    out.reserve(out.size() + 52 + open.size() * 16 + firms.size() * 20);
    out.append(reinterpret_cast<const char*>(world.data()), world.size());
    append(out, static_cast<std::uint32_t>(day.days), 4);
    append(out, open.size(), 8);
    for (const OpenPolicy& policy : open) {
        append(out, static_cast<std::uint64_t>(policy.version), 8);
        append(out, policy.group, 8);
    }
    append(out, firms.size(), 8);
    for (const SettledFirm& firm : firms) {
        append(out, static_cast<std::uint64_t>(firm.firm), 8);
        append(out, firm.fingerprint, 8);
        append(out, static_cast<std::uint32_t>(firm.until), 4);
    }
    return out;
}

std::optional<Settled> Settled::from_memo(std::string_view memo) {
    Settled out;
    if (!memo.starts_with(kMark) || memo.size() < kMark.size() + out.world.size())
        return std::nullopt;
    memo.remove_prefix(kMark.size());
    std::copy_n(memo.begin(), out.world.size(), out.world.begin());
    Bytes bytes(memo.substr(out.world.size()));
    std::uint64_t day = 0, count = 0;
    if (!bytes.take(day, 4) || !bytes.take(count, 8) || count > bytes.size() / 16)
        return std::nullopt;
    out.day.days = static_cast<std::int32_t>(day);
    for (; count > 0; --count) {
        std::uint64_t version = 0, group = 0;
        if (!bytes.take(version, 8) || !bytes.take(group, 8)) return std::nullopt;
        out.open.push_back({static_cast<std::int64_t>(version), group});
    }
    if (!bytes.take(count, 8) || bytes.size() != count * 20) return std::nullopt;
    for (; count > 0; --count) {
        std::uint64_t firm = 0, fingerprint = 0, until = 0;
        if (!bytes.take(firm, 8) || !bytes.take(fingerprint, 8) || !bytes.take(until, 4))
            return std::nullopt;
        out.firms.push_back(
            {static_cast<std::int64_t>(firm), fingerprint, static_cast<std::int32_t>(until)});
    }
    return out;
}

const SettledFirm* Settled::find(std::int64_t firm, std::uint64_t fingerprint, Date on) const {
    const auto found = std::lower_bound(
        firms.begin(), firms.end(), firm,
        [](const SettledFirm& each, std::int64_t number) { return each.firm < number; });
    if (found == firms.end() || found->firm != firm) return nullptr;
    return found->fingerprint == fingerprint && found->until > on.days ? &*found : nullptr;
}

std::uint64_t fingerprint_of(std::int64_t version, const FirmOptOut* opt_out, const Taste* taste,
                             std::span<const EarlierPush> earlier,
                             std::span<const EarlierPush> tonight) {
    std::uint64_t pushes = 0;
    for (const std::span<const EarlierPush> some : {earlier, tonight})
        for (const EarlierPush& push : some)
            pushes += number_of(push);
    std::uint64_t out = mixed(mixed(static_cast<std::uint64_t>(version)) ^ pushes);
    if (opt_out != nullptr)
        for (const std::string& tag : opt_out->tags)
            out = mixed(out, tag);
    out = mixed(out);
    return taste == nullptr ? out : mixed(out, to_json(*taste));
}

std::uint64_t group_number(std::string_view name) { return name.empty() ? 0 : mixed(1, name) | 1u; }

std::int32_t quiet_until(const FirmView& firm) {
    const FirmTable& table = firm.table();
    const Date today = table.as_of();
    std::int32_t until = INT32_MAX;
    for (std::uint32_t i = 0; i < table.schema().size(); ++i) {
        const Field& field = table.schema()[i];
        if (field.kind == Kind::set) {
            const auto elements = firm.elements(i);
            for (const SetElement& element : elements.value_or(std::span<const SetElement>()))
                if (element.until >= today.days && element.until != kForever)
                    until = std::min(until, element.until + 1);
        } else if (field.derive == Derive::months_since) {
            const auto since = firm.scalar(field.operands[0]);
            if (!since) continue;
            const Date from{static_cast<std::int32_t>(*since)};
            const std::int64_t months = completed_months(from, today);
            Date day{today.days + 1}; // a month has at most 31 days
            while (day.days < until && completed_months(from, day) == months)
                ++day.days;
            until = std::min(until, day.days);
        }
    }
    return until;
}

std::vector<std::uint32_t> stirring(std::span<const OpenPolicy> then,
                                    std::span<const OpenPolicy> now) {
    absl::flat_hash_set<std::int64_t> were, are;
    for (const OpenPolicy& policy : then)
        were.insert(policy.version);
    for (const OpenPolicy& policy : now)
        are.insert(policy.version);
    absl::flat_hash_set<std::uint64_t> groups; // in which the first place may be another's
    for (const OpenPolicy& policy : then)
        if (!are.contains(policy.version) && policy.group != 0) groups.insert(policy.group);
    for (const OpenPolicy& policy : now)
        if (!were.contains(policy.version) && policy.group != 0) groups.insert(policy.group);
    std::vector<std::uint32_t> out;
    for (std::uint32_t i = 0; i < now.size(); ++i)
        if (!were.contains(now[i].version) || groups.contains(now[i].group)) out.push_back(i);
    return out;
}

} // namespace qice
