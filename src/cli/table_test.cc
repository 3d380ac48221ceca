#include "cli/table.h"

#include <gtest/gtest.h>

#include "cli/quantities.h"

namespace carat::cli {
namespace {

TEST(Table, AlignsColumns) {
  Table table({{"type", Table::kLeft}, {"bytes", Table::kRight}});
  table.add({"Q4_0", "1,024"});
  table.add({"ünï", "7"});
  EXPECT_EQ(table.to_string(),
            "  type  bytes\n"
            "  Q4_0  1,024\n"
            "  ünï       7\n");
}

TEST(Quantities, ArePrintedForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.00 KiB");
  EXPECT_EQ(human_bytes(253113024), "241.4 MiB");
  EXPECT_EQ(human_bytes((std::uint64_t{1} << 30) - 1), "1.00 GiB");
}

TEST(ParseBytes, TakesUnits) {
  EXPECT_EQ(*parse_bytes("1073741824", "x"), 1073741824U);
  EXPECT_EQ(*parse_bytes("8G", "x"), std::uint64_t{8} << 30);
  EXPECT_EQ(*parse_bytes("512 MiB", "x"), std::uint64_t{512} << 20);
  EXPECT_EQ(*parse_bytes("1.5g", "x"), std::uint64_t{3} << 29);
  EXPECT_EQ(*parse_bytes("7B", "x"), 7U);
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
  for (const char* bad : {"", "G", "-1", "8X", "8GX", "1e400", "nan", "inf", "99999999999G", "8 G G"}) {
    const auto result = parse_bytes(bad, "--max-memory");
    ASSERT_FALSE(result.has_value()) << bad;
    EXPECT_TRUE(result.error().to_string().starts_with("--max-memory")) << result.error().to_string();
  }
}

}  // namespace
}  // namespace carat::cli
