package certs

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// day and year are the lengths of a day and a year of a certificate: there are no leap days,
// and no summer time.
const (
	day  = 24 * time.Hour
	year = 365 * day
)

// ParseDuration reads the validity period of a certificate: years of 365 days, then days,
// then what time.ParseDuration reads, each optional: "1y", "365d", "1y30d", "30d12h", "90m".
// "m" is minutes. It must be more than zero; the longest is 292 years.
func ParseDuration(text string) (time.Duration, error) {
	rest := text
	var sum time.Duration
	for _, unit := range []struct {
		letter string
		length time.Duration
	}{{"y", year}, {"d", day}} {
		digits, after, found := strings.Cut(rest, unit.letter)
		if !found || strings.Trim(digits, "0123456789") != "" {
			continue
		}
		count, err := strconv.ParseInt(digits, 10, 64)
		if err != nil && digits == "" {
			return 0, wrongDuration(text, "a number is missing before "+unit.letter)
		}
		if err != nil || count > int64((math.MaxInt64-sum)/unit.length) {
			return 0, wrongDuration(text, "it is longer than 292 years")
		}
		sum += time.Duration(count) * unit.length
		rest = after
	}
	if rest != "" {
		clock, err := time.ParseDuration(rest)
		if err != nil || strings.ContainsAny(rest, "+-") {
			return 0, wrongDuration(text, "it is not a duration, or is longer than 292 years")
		}
		if clock > math.MaxInt64-sum {
			return 0, wrongDuration(text, "it is longer than 292 years")
		}
		sum += clock
	}
	if sum <= 0 {
		return 0, wrongDuration(text, "it must be more than zero")
	}
	return sum, nil
}

func wrongDuration(text, why string) error {
	return fmt.Errorf("duration %q: %s; use years, days, hours or minutes, such as 1y, 365d, 24h, 90m or 1y30d", text, why)
}
