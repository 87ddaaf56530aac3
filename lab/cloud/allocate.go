package cloud

import (
	"fmt"
	"net/netip"
)

// DefaultFirst is the first address that a lab gives out. All of 127.0.0.0/8
// is loopback on Linux, and nothing usual listens on this one.
const DefaultFirst = "127.0.0.11"

// poolSize is how many addresses a lab has to give out.
const poolSize = 200

// allocate returns the lowest address from first on that isn't in use.
func allocate(first netip.Addr, used map[netip.Addr]bool) (netip.Addr, error) {
	addr := first
	for range poolSize {
		if !addr.IsValid() || !addr.IsLoopback() {
			break
		}
		if !used[addr] {
			return addr, nil
		}
		addr = addr.Next()
	}
	return netip.Addr{}, fmt.Errorf("no loopback address is left from %s on for another load balancer", first)
}

// ParseFirst reads the first address of a pool, which must be a loopback one:
// the lab's load balancers must never claim a real address.
func ParseFirst(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return addr, fmt.Errorf("the first address of the load balancers: %w", err)
	}
	if !addr.Is4() || !addr.IsLoopback() {
		return addr, fmt.Errorf("the first address of the load balancers, %s, isn't of 127.0.0.0/8", addr)
	}
	return addr, nil
}
