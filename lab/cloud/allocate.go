package cloud

import (
	"fmt"
	"net/netip"
)

// DefaultFirst is the first address that a lab assigns. All of 127.0.0.0/8 is loopback on
// Linux, and no common program listens on this address.
const DefaultFirst = "127.0.0.11"

// poolSize is the number of addresses of a lab.
const poolSize = 200

// allocate returns the lowest unused address, starting with first.
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

// ParseFirst parses the first address of a pool. It must be a loopback address: the lab's load
// balancers must never use a real address.
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
