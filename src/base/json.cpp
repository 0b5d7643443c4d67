#include "base/json.hpp"

#include "qice/base/text.hpp"

#include <rapidjson/encodedstream.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <unordered_map>
#include <unordered_set>

namespace qice {
namespace {

using Stream = rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream>;

/// RapidJSON writes into what it is given without looking, so this never gives nothing.
struct Memory {
    static constexpr bool kNeedFree = true;

    void* Malloc(std::size_t size) { return Realloc(nullptr, 0, size); }
    void* Realloc(void* old, std::size_t, std::size_t size) {
        if (size == 0) {
            Free(old);
            return nullptr;
        }
        void* const moved = std::realloc(old, size);
        if (moved == nullptr) throw std::bad_alloc();
        return moved;
    }
    static void Free(void* memory) { std::free(memory); }
};

using Reader = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, Memory>;

/// Builds the tree from the reader's events and finds where each token starts.
class Builder {
  public:
    Builder(const JsonSource& source, const Stream& stream) : source_(source), stream_(stream) {}

    bool Null() { return scalar(Json::Kind::null, {}); }
    bool Bool(bool value) {
        if (!scalar(Json::Kind::boolean, {})) return false;
        last_->boolean = value;
        return true;
    }
    bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
        return scalar(Json::Kind::number, {text, size});
    }
    bool String(const char* text, rapidjson::SizeType size, bool) {
        return scalar(Json::Kind::string, {text, size});
    }
    bool Key(const char* text, rapidjson::SizeType size, bool) {
        const std::uint32_t start = token_start();
        token_end_ = static_cast<std::uint32_t>(stream_.Tell());
        const std::string_view key(text, size);
        if (!add_key(key))
            return fail(start, "key \"" + excerpt(key) + "\" stands twice in one object");
        open_.back()->members.push_back({std::string(key), Json{}});
        return true;
    }
    bool StartObject() { return open(Json::Kind::object); }
    bool StartArray() { return open(Json::Kind::array); }
    bool EndObject(rapidjson::SizeType) { return close(); }
    bool EndArray(rapidjson::SizeType) { return close(); }
    // Numbers arrive as text; the reader still asks for these.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Uint64(std::uint64_t) { return false; }
    bool Double(double) { return false; }

    Json root;
    Status failure;

  private:
    std::uint32_t token_start() const {
        const auto between_tokens = [](char c) {
            return c == ',' || c == ':' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
        };
        std::uint32_t at = token_end_;
        while (at < source_.text.size() && between_tokens(source_.text[at]))
            ++at;
        return at;
    }
    /// False if the open object has this key. Few keys are looked at, many are hashed.
    bool add_key(std::string_view key) {
        constexpr std::size_t kFew = 16;
        Json& object = *open_.back();
        if (object.members.size() < kFew) return object.find(key) == nullptr;
        std::unordered_set<std::string>& keys = keys_[open_.size()];
        if (object.members.size() == kFew) {
            keys.clear();
            for (const Json::Member& member : object.members)
                keys.insert(member.first);
        }
        return keys.emplace(key).second;
    }
    Json& place_value() {
        if (open_.empty()) return root;
        Json& parent = *open_.back();
        if (parent.kind == Json::Kind::array) return parent.items.emplace_back();
        return parent.members.back().second;
    }
    bool scalar(Json::Kind kind, std::string_view text) {
        last_ = &place_value();
        last_->kind = kind;
        last_->text = text;
        last_->offset = token_start();
        token_end_ = static_cast<std::uint32_t>(stream_.Tell());
        return true;
    }
    bool open(Json::Kind kind) {
        const std::uint32_t start = token_start();
        if (open_.size() >= kMaxJsonDepth)
            return fail(start, "nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
        Json& value = place_value();
        value.kind = kind;
        if (kind == Json::Kind::object) value.members.reserve(4); // most have two or three
        value.offset = start;
        token_end_ = start + 1;
        open_.push_back(&value);
        return true;
    }
    bool close() {
        token_end_ = token_start() + 1;
        open_.pop_back();
        return true;
    }
    bool fail(std::uint32_t offset, std::string message) {
        failure = invalid_input(std::move(message), source_.place(offset));
        return false;
    }

    const JsonSource& source_;
    const Stream& stream_;
    std::vector<Json*> open_; // children are only added to the last one: the pointers stay valid
    std::unordered_map<std::size_t, std::unordered_set<std::string>> keys_; // by depth
    Json* last_ = nullptr;
    std::uint32_t token_end_ = 0;
};

} // namespace

const Json* Json::find(std::string_view key) const {
    for (const Member& member : members)
        if (member.first == key) return &member.second;
    return nullptr;
}

std::string Json::describe() const {
    switch (kind) {
    case Kind::null: return "null";
    case Kind::boolean: return boolean ? "true" : "false";
    case Kind::number: return excerpt(text);
    case Kind::string: return in_quotes(text);
    case Kind::array: return items.empty() ? "an empty list" : "a list";
    case Kind::object: return "an object";
    }
    return {};
}

std::string Json::dump() const {
    std::string out;
    switch (kind) {
    case Kind::null: return "null";
    case Kind::boolean: return boolean ? "true" : "false";
    case Kind::number: return text;
    case Kind::string: append_json_string(out, text); return out;
    case Kind::array:
        for (const Json& item : items)
            out += (out.empty() ? "" : ",") + item.dump();
        return '[' + out + ']';
    case Kind::object:
        for (const Member& member : members) {
            if (!out.empty()) out += ',';
            append_json_string(out, member.first);
            out += ':' + member.second.dump();
        }
        return '{' + out + '}';
    }
    return out;
}

Place JsonSource::place(std::uint32_t offset) const {
    const std::size_t end = std::min<std::size_t>(offset, text.size());
    if (end < mark.offset) mark = {};
    if (mark.offset == 0 && end >= 3 && text.substr(0, 3) == "\xef\xbb\xbf") mark.offset = 3;
    const std::string_view passed = text.substr(mark.offset, end - mark.offset);
    mark.lines += static_cast<std::uint32_t>(std::count(passed.begin(), passed.end(), '\n'));
    const std::size_t line_end = passed.rfind('\n');
    if (line_end != passed.npos) mark.characters = 0;
    mark.characters +=
        static_cast<std::uint32_t>(count_characters(passed.substr(line_end + 1))); // npos + 1 = 0
    mark.offset = end;
    return {file, first_line + mark.lines, mark.characters + 1};
}

Result<Json> parse_json(const JsonSource& source) {
    if (source.text.size() >= UINT32_MAX)
        return Status(StatusCode::limit, "a JSON text may have at most 4 GiB", {source.file});
    rapidjson::MemoryStream memory(source.text.data(), source.text.size());
    Stream stream(memory);
    Builder builder(source, stream);
    Reader reader;
    constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                                rapidjson::kParseValidateEncodingFlag |
                                rapidjson::kParseNumbersAsStringsFlag;
    const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, builder);
    if (!builder.failure.ok()) return builder.failure;
    if (result.IsError()) {
        std::string message = rapidjson::GetParseError_En(result.Code());
        if (result.Code() == rapidjson::kParseErrorDocumentEmpty) message = "no JSON value here";
        if (result.Code() == rapidjson::kParseErrorNumberTooBig)
            message = "this number is too large";
        if (result.Code() == rapidjson::kParseErrorStringInvalidEncoding)
            message = "this text is not UTF-8";
        if (result.Code() == rapidjson::kParseErrorStringEscapeInvalid &&
            static_cast<unsigned char>(source.text[result.Offset()]) < 0x20)
            message = "a line break or another control character in a text is written \\n, \\t ...";
        return invalid_input("not valid JSON: " + message,
                             source.place(static_cast<std::uint32_t>(result.Offset())));
    }
    // A NUL ends the reader's input early; nothing may stand behind the value.
    if (stream.Tell() != source.text.size())
        return invalid_input("not valid JSON: a NUL byte or text after the end",
                             source.place(static_cast<std::uint32_t>(stream.Tell())));
    return std::move(builder.root);
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (char c : text) {
        switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default:
            if (static_cast<unsigned char>(c) < 0x20) {
                constexpr char kHex[] = "0123456789abcdef";
                out += "\\u00";
                out += kHex[c >> 4];
                out += kHex[c & 15];
            } else {
                out += c;
            }
        }
    }
    out += '"';
}

} // namespace qice
