#include "qice/live/policy_book.hpp"

#include "base/string_map.hpp"
#include "qice/base/text.hpp"

#include <stdexcept>

namespace qice {

// ---------------------------------------------------------------------------- PolicyMoment

struct PolicyMoment::Ids {
    ViewMap<std::uint32_t> numbers;
};

/// The policies side by side, and their states on the day.
struct PolicyMoment::Listed {
    PolicyList policies;
    std::vector<LifeCycle> states;
};

PolicyMoment::PolicyMoment(SchemaPtr schema, const CompileOptions& options, Held held,
                           std::shared_ptr<const Snapshot> one_firm)
    : schema_(std::move(schema)), options_(options), held_(std::move(held)),
      one_firm_(std::move(one_firm)) {}

const PolicyMoment::Ids& PolicyMoment::ids() const {
    const std::lock_guard lock(mutex_);
    if (!ids_) {
        const auto made = std::make_shared<Ids>();
        made->numbers.reserve(size());
        for (std::uint32_t number = 0; number < size(); ++number)
            made->numbers.emplace(held_.policies[number]->id, number);
        ids_ = made;
    }
    return *ids_;
}

const PolicyMoment::Listed& PolicyMoment::listed() const {
    const std::lock_guard lock(mutex_);
    if (!listed_) {
        const auto made = std::make_shared<Listed>();
        made->policies = held_.list;
        if (!made->policies) {
            std::vector<Policy> copies;
            copies.reserve(size());
            for (const PolicyPtr& policy : held_.policies)
                copies.push_back(*policy);
            made->policies = std::make_shared<const std::vector<Policy>>(std::move(copies));
        }
        made->states = qice::life_cycles(*made->policies, options_.as_of);
        listed_ = made;
    }
    return *listed_;
}

std::optional<std::uint32_t> PolicyMoment::find(std::string_view id) const {
    const auto& numbers = ids().numbers;
    const auto found = numbers.find(id);
    return found == numbers.end() ? std::nullopt : std::optional(found->second);
}

Result<std::uint32_t> PolicyMoment::require(std::string_view id) const {
    if (const auto number = find(id)) return *number;
    std::vector<std::string> known;
    for (const PolicyPtr& policy : held_.policies)
        known.push_back(policy->id);
    const std::string near = nearest(id, known);
    return Status(StatusCode::usage,
                  "there is no policy " + in_quotes(id) + " among " + std::to_string(known.size()) +
                      (near.empty() ? "" : "; did you mean " + in_quotes(near) + "?"));
}

std::span<const Policy> PolicyMoment::list() const { return *listed().policies; }
std::span<const LifeCycle> PolicyMoment::life_cycles() const { return listed().states; }

Result<const Matcher*> PolicyMoment::matcher() const {
    const std::span<const Policy> all = list();
    const std::lock_guard lock(mutex_);
    if (!matcher_) {
        try {
            matcher_ = std::make_shared<const Matcher>(*schema_, all, options_);
        } catch (const std::length_error& error) {
            return invalid_input(error.what());
        }
    }
    return matcher_.get();
}

Explanation PolicyMoment::explain(std::uint32_t number, const FirmView& firm) const {
    return qice::explain(*schema_, list(), number, firm, {options_.urgency, life_cycles()});
}

Explanation PolicyMoment::explain(const Policy& draft, const FirmView& firm) const {
    return qice::explain(*schema_, {&draft, 1}, 0, firm, {options_.urgency, {}});
}

// ------------------------------------------------------------------------------ PolicyBook

PolicyBook::PolicyBook(SchemaPtr schema) : schema_(std::move(schema)) {}
PolicyBook::~PolicyBook() = default;

PolicyBook::Held PolicyBook::hold(std::vector<Policy> policies) {
    Held held;
    held.list = std::make_shared<const std::vector<Policy>>(std::move(policies));
    held.policies.reserve(held.list->size());
    for (const Policy& policy : *held.list)
        held.policies.emplace_back(held.list, &policy);
    return held;
}

Result<std::unique_ptr<PolicyBook>> PolicyBook::open(SchemaPtr schema, std::vector<Policy> policies,
                                                     const CompileOptions& options) {
    std::unique_ptr<PolicyBook> book(new PolicyBook(std::move(schema)));
    QICE_RETURN_IF_ERROR(book->start_anew(hold(std::move(policies)), options));
    return book;
}

MomentPtr PolicyBook::now() const {
    const std::lock_guard lock(mutex_);
    return now_;
}

void PolicyBook::publish(Held held, const CompileOptions& options,
                         std::shared_ptr<const Snapshot> one_firm) {
    MomentPtr next(new PolicyMoment(schema_, options, std::move(held), std::move(one_firm)));
    const std::lock_guard lock(mutex_);
    now_.swap(next); // the old one, if it was the last, goes after the lock
}

/// Everything compiled afresh; on an error nothing has changed.
Status PolicyBook::start_anew(Held held, const CompileOptions& options) {
    auto engine = std::make_unique<Engine>(schema_, options);
    QICE_RETURN_IF_ERROR(engine->replace_all(held.policies));
    publish(std::move(held), options, engine->snapshot());
    engine_ = std::move(engine);
    return {};
}

/// Changes the engine and publishes what came of it. Where that ends half-way the engine is given
/// up: the next change makes another from what is published.
template <class Change> Status PolicyBook::change(Change&& change) {
    Held held{now_->held_.policies, nullptr};
    std::unique_ptr<Engine> engine = std::move(engine_);
    if (!engine) {
        engine = std::make_unique<Engine>(schema_, now_->options_);
        QICE_RETURN_IF_ERROR(engine->replace_all(held.policies));
    }
    QICE_RETURN_IF_ERROR(change(*engine, held.policies));
    publish(std::move(held), now_->options_, engine->snapshot());
    engine_ = std::move(engine);
    return {};
}

Status PolicyBook::replace_all(std::vector<Policy> policies) {
    const std::lock_guard lock(changing_);
    return start_anew(hold(std::move(policies)), now_->options_);
}

Status PolicyBook::set_day(Date as_of) {
    const std::lock_guard lock(changing_);
    CompileOptions options = now_->options_;
    options.as_of = as_of;
    return start_anew(now_->held_, options);
}

Status PolicyBook::put(std::vector<Policy> changed) {
    const std::lock_guard lock(changing_);
    const Held fresh = hold(std::move(changed));
    ViewMap<std::size_t> added;
    const auto place = [&](std::vector<PolicyPtr>& policies, const PolicyPtr& policy) {
        if (const auto number = now_->find(policy->id)) {
            policies[*number] = policy;
            return;
        }
        const auto [at, is_new] = added.emplace(policy->id, policies.size());
        if (is_new) policies.emplace_back();
        policies[at->second] = policy;
    };
    if (fresh.policies.size() > Engine::kMostOverlay) { // cheaper all at once
        Held held{now_->held_.policies, nullptr};
        for (const PolicyPtr& policy : fresh.policies)
            place(held.policies, policy);
        return start_anew(std::move(held), now_->options_);
    }
    return change([&](Engine& engine, std::vector<PolicyPtr>& policies) -> Status {
        QICE_RETURN_IF_ERROR(engine.upsert(fresh.policies));
        for (const PolicyPtr& policy : fresh.policies)
            place(policies, policy);
        return {};
    });
}

Result<bool> PolicyBook::remove(std::string_view id) {
    const std::lock_guard lock(changing_);
    const auto number = now_->find(id);
    if (!number) return false;
    QICE_RETURN_IF_ERROR(change([&](Engine& engine, std::vector<PolicyPtr>& policies) -> Status {
        engine.remove(id);
        policies.erase(policies.begin() + *number);
        return {};
    }));
    return true;
}

} // namespace qice
