// qice itself in the place of a peer: loaded once, then a match a round, as the others work.
#include "peer.hpp"

namespace {

using namespace qice;
using namespace qice::peer;

class OwnMatcher {
  public:
    explicit OwnMatcher(const City& city) {
        (void)city.matcher.match(city.firms, {.top = kTop}); // the memory of its answers is there
    }

    Seconds round(const City& city) {
        answer_ = {};
        Stopwatch watch;
        answer_ = city.matcher.match(city.firms, {.top = kTop});
        return {{"match", watch.lap()}};
    }

    std::string wrong(const City& city, const MatchResult& ours) const {
        for (std::uint32_t row = 0; row < city.read.firms.size(); ++row)
            for (const Verdict status : {Verdict::eligible, Verdict::review})
                if (answer_.pushes(row, status).size() != ours.pushes(row, status).size())
                    return "a second match differs from the first";
        return {};
    }

  private:
    MatchResult answer_;
};

} // namespace

int main(int argc, char** argv) { return serve<OwnMatcher>("qice", argc, argv); }
