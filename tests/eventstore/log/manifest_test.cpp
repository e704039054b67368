#include "log/manifest.hpp"

#include <gtest/gtest.h>

#include "log/bytes.hpp"
#include "log/crc32c.hpp"

namespace annals::internal {
namespace {

Manifest three_segments() {
  Manifest manifest;
  manifest.store.bytes.fill(7);
  manifest.eras = {{Era{1}, {0}}, {Era{2}, {40}}};
  Link link;
  link.bytes.fill(1);
  manifest.segments.push_back({.number = 1,
                               .sealed = true,
                               .first = {1},
                               .link_before = {},
                               .last = {20},
                               .link_after = link,
                               .end = 4096});
  manifest.segments.push_back({.number = 2,
                               .sealed = true,
                               .first = {21},
                               .link_before = link,
                               .last = {55},
                               .link_after = link,
                               .end = 8192});
  manifest.segments.push_back({.number = 3, .first = {56}, .link_before = link});
  return manifest;
}

std::string with_checksum(std::string lines) {
  char sum[16];
  std::snprintf(sum, sizeof sum, "%08x", crc32c(0, bytes_of(lines)));
  return lines + "checksum " + sum + "\n";
}

std::string without_checksum(const Manifest& manifest) {
  const std::string text = format_manifest(manifest);
  return text.substr(0, text.rfind("checksum "));
}

TEST(Manifest, ReadsBackWhatWasWritten) {
  const std::string text = format_manifest(three_segments());
  const auto read = parse_manifest("MANIFEST", text);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(format_manifest(*read), text);
  EXPECT_EQ(read->segments.size(), 3U);
  EXPECT_EQ(read->eras, three_segments().eras);
}

TEST(Manifest, AnyFlippedBitIsNoticed) {
  const std::string text = format_manifest(three_segments());
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto read = parse_manifest("MANIFEST", flipped);
    ASSERT_FALSE(read) << "bit " << bit;
    ASSERT_EQ(read.error().code, ErrorCode::corrupt) << "bit " << bit;
    ASSERT_TRUE(read.error().place) << "bit " << bit;
  }
}

TEST(Manifest, AnyTruncationIsNoticed) {
  const std::string text = format_manifest(three_segments());
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto read = parse_manifest("MANIFEST", std::string_view(text).substr(0, size));
    ASSERT_FALSE(read) << size << " bytes";
    ASSERT_EQ(read.error().code, ErrorCode::corrupt);
  }
}

TEST(Manifest, ANewerFormatIsUnsupportedAndNamesIt) {
  Manifest manifest = three_segments();
  manifest.format = 2;
  const auto read = parse_manifest("MANIFEST", format_manifest(manifest));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::unsupported);
  EXPECT_NE(read.error().message.find("format 2"), std::string::npos);
}

TEST(Manifest, AnUnknownIncompatibleFeatureIsRefusedAndACompatibleOneIsNot) {
  Manifest manifest = three_segments();
  manifest.incompatible = 4;
  EXPECT_EQ(parse_manifest("MANIFEST", format_manifest(manifest)).error().code,
            ErrorCode::unsupported);
  manifest.incompatible = 0;
  manifest.compatible = 4;
  EXPECT_TRUE(parse_manifest("MANIFEST", format_manifest(manifest)));
}

TEST(Manifest, SegmentsThatDoNotFollowOneAnotherAreCorrupt) {
  Manifest gap = three_segments();
  gap.segments[2].first = {57};
  Manifest number = three_segments();
  number.segments[2].number = 4;
  Manifest link = three_segments();
  link.segments[2].link_before = {};
  Manifest none_active = three_segments();
  none_active.segments.pop_back();
  Manifest two_active = three_segments();
  two_active.segments[1].sealed = false;
  for (const Manifest& bad : {gap, number, link, none_active, two_active}) {
    const auto read = parse_manifest("MANIFEST", format_manifest(bad));
    ASSERT_FALSE(read) << format_manifest(bad);
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  }
}

TEST(Manifest, AnUnknownLineIsCorrupt) {
  const auto read = parse_manifest(
      "MANIFEST", with_checksum(without_checksum(three_segments()) + "colour blue\n"));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::corrupt);
}

TEST(Manifest, AnotherProgramsFileIsSaidToBeNone) {
  for (const std::string text : {"", "MANIFEST-000001\n", "checksum 00000000\n"}) {
    const auto read = parse_manifest("MANIFEST", text);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  }
}

}  // namespace
}  // namespace annals::internal
