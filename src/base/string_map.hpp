// Maps and sets keyed by text, looked up by std::string_view.
//
//   StringMap<Value>, StringSet     hold their keys
//   ViewMap<Value>, ViewSet         hold views of texts that somebody else keeps
//
// Entries stand side by side in the order they came (the last one takes the place of one that is
// erased) and a HashIndex finds them: adding moves entries, so references hold until the next one.
// An addition that finds no memory throws and changes nothing, which Abseil's and other open tables
// do not promise.
#pragma once

#include "base/hash_index.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace qice {

template <class Key, class Value> class TextMap {
  public:
    using value_type = std::pair<Key, Value>;
    using iterator = typename std::vector<value_type>::iterator;
    using const_iterator = typename std::vector<value_type>::const_iterator;

    TextMap() = default;
    TextMap(TextMap&&) = default;
    TextMap& operator=(TextMap&&) = default;
    TextMap(const TextMap& other) : entries_(other.entries_) {
        index_.reserve(size());
        for (std::size_t i = 0; i < size(); ++i)
            index_.insert(hash_text(entries_[i].first), static_cast<std::uint32_t>(i));
    }
    TextMap& operator=(const TextMap&) = delete;

    std::size_t size() const { return entries_.size(); }
    bool empty() const { return entries_.empty(); }
    iterator begin() { return entries_.begin(); }
    iterator end() { return entries_.end(); }
    const_iterator begin() const { return entries_.begin(); }
    const_iterator end() const { return entries_.end(); }

    iterator find(std::string_view key) { return at_number(begin(), number_of(key)); }
    const_iterator find(std::string_view key) const { return at_number(begin(), number_of(key)); }
    bool contains(std::string_view key) const { return number_of(key) != HashIndex::kNone; }

    /// The entry of a key, and whether it was made: of `values`, where there was none.
    template <class Text, class... Values>
    std::pair<iterator, bool> emplace(Text&& key, Values&&... values) {
        const std::uint32_t hash = hash_text(key);
        if (const std::uint32_t number = number_of(key, hash); number != HashIndex::kNone)
            return {begin() + number, false};
        index_.reserve(size() + 1); // what may fail comes before what changes
        entries_.emplace_back(std::piecewise_construct,
                              std::forward_as_tuple(std::forward<Text>(key)),
                              std::forward_as_tuple(std::forward<Values>(values)...));
        index_.insert(hash, static_cast<std::uint32_t>(size() - 1));
        return {end() - 1, true};
    }
    Value& operator[](std::string_view key) { return emplace(key).first->second; }

    /// work(i) for all i below `count`, in order, each of which finds or adds the key key_of(i):
    /// what 32 of them will read is asked for together, so that they do not wait for it one by
    /// one.
    template <class KeyOf, class Work>
    void in_batches(std::size_t count, const KeyOf& key_of, const Work& work) const {
        constexpr std::size_t kBatch = 32;
        std::uint32_t found[kBatch]; // a hash, then the number of the entry that seems to have it
        for (std::size_t begin = 0; begin < count; begin += kBatch) {
            const std::size_t size = std::min(kBatch, count - begin);
            for (std::size_t i = 0; i < size; ++i)
                index_.prefetch(found[i] = hash_text(key_of(begin + i)));
            for (std::size_t i = 0; i < size; ++i) {
                found[i] = index_.find(found[i], [](std::uint32_t) { return true; });
                if (found[i] != HashIndex::kNone) __builtin_prefetch(&entries_[found[i]]);
            }
            for (std::size_t i = 0; i < size; ++i)
                if (found[i] != HashIndex::kNone)
                    __builtin_prefetch(std::string_view(entries_[found[i]].first).data());
            for (std::size_t i = 0; i < size; ++i)
                work(begin + i);
        }
    }

    void erase(iterator entry) {
        const auto number = static_cast<std::uint32_t>(entry - begin());
        const auto last = static_cast<std::uint32_t>(size() - 1);
        index_.erase(hash_text(entry->first), number);
        if (number != last) {
            index_.renumber(hash_text(entries_[last].first), last, number);
            *entry = std::move(entries_[last]);
        }
        entries_.pop_back();
    }
    void clear() {
        entries_.clear();
        index_.clear();
    }
    void reserve(std::size_t count) {
        entries_.reserve(count);
        index_.reserve(count);
    }
    /// Without what keys and values keep elsewhere.
    std::size_t bytes() const { return entries_.capacity() * sizeof(value_type) + index_.bytes(); }

  private:
    std::uint32_t number_of(std::string_view key) const { return number_of(key, hash_text(key)); }
    std::uint32_t number_of(std::string_view key, std::uint32_t hash) const {
        return index_.find(hash, [&](std::uint32_t i) { return entries_[i].first == key; });
    }
    template <class Iterator> Iterator at_number(Iterator first, std::uint32_t number) const {
        return first + (number == HashIndex::kNone ? size() : number);
    }

    std::vector<value_type> entries_;
    HashIndex index_; // of entries_
};

template <class Key> class TextSet {
  public:
    /// Whether it was not there.
    bool insert(std::string_view key) { return map_.emplace(key).second; }
    bool contains(std::string_view key) const { return map_.contains(key); }
    void reserve(std::size_t count) { map_.reserve(count); }
    /// In the order they came.
    std::vector<Key> keys() const {
        std::vector<Key> all;
        for (const auto& [key, nothing] : map_)
            all.push_back(key);
        return all;
    }

  private:
    struct Nothing {};
    TextMap<Key, Nothing> map_;
};

template <class Value> using StringMap = TextMap<std::string, Value>;
template <class Value> using ViewMap = TextMap<std::string_view, Value>;
using StringSet = TextSet<std::string>;
using ViewSet = TextSet<std::string_view>;

} // namespace qice
