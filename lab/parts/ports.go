package parts

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
)

// Ports are free loopback ports. Each stays open until its part starts. They are below the
// ports that Linux assigns by itself (net.ipv4.ip_local_port_range, from 32768 on), so that
// no other program gets one of them between this and the moment when the part listens. A UDP
// socket with the same number marks a port for other labs. Parts that start concurrently may
// use Ports.
type Ports struct {
	mu    sync.Mutex
	ports map[string]*port
}

// port is a reserved port.
type port struct {
	number int
	// held listens there until the part starts; nil afterwards.
	held net.Listener
	mark net.PacketConn
}

// release closes the listener.
func (p *port) release() {
	if p.held != nil {
		_ = p.held.Close()
		p.held = nil
	}
}

// These are the first port of the range, and its size.
const firstPort, portCount = 20000, 12000

// Reserve reserves a free loopback port for each name.
func Reserve(names ...string) (*Ports, error) {
	p := &Ports{ports: map[string]*port{}}
	if err := p.Add(names...); err != nil {
		return nil, err
	}
	return p, nil
}

// Add reserves a free loopback port for each further name, or for none of them.
func (p *Ports) Add(names ...string) error {
	for i, name := range names {
		reserved, err := reserve()
		if err != nil {
			p.Forget(names[:i]...)
			return fmt.Errorf("reserving a port for %s: %w", name, err)
		}
		p.mu.Lock()
		p.ports[name] = reserved
		p.mu.Unlock()
	}
	return nil
}

// reserve finds a port that no program and no other lab uses. FreePort in internal/peers does
// the same for tests of the plugin's module, which this module does not require.
func reserve() (*port, error) {
	var failed error
	for range 1000 {
		number := firstPort + rand.IntN(portCount)
		mark, err := net.ListenPacket("udp", loopback(number))
		if err != nil {
			failed = err
			continue
		}
		held, err := net.Listen("tcp", loopback(number))
		if err == nil {
			return &port{number, held, mark}, nil
		}
		failed = err
		_ = mark.Close()
	}
	return nil, fmt.Errorf("1000 ports from %d on are used: %w", firstPort, failed)
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// Forget gives up the ports of parts that are not started again.
func (p *Ports) Forget(names ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		if reserved := p.ports[name]; reserved != nil {
			reserved.release()
			_ = reserved.mark.Close()
			delete(p.ports, name)
		}
	}
}

// Again opens the listeners of a part that is started again, at the same ports.
func (p *Ports) Again(names ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		reserved := p.ports[name]
		if reserved == nil {
			return fmt.Errorf("the port of %s was given up", name)
		}
		l, err := net.Listen("tcp", loopback(reserved.number))
		if err != nil {
			return fmt.Errorf("reserving the port of %s again: %w", name, err)
		}
		reserved.held = l
	}
	return nil
}

// Number returns the port of the name, 0 if none is reserved.
func (p *Ports) Number(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if reserved := p.ports[name]; reserved != nil {
		return reserved.number
	}
	return 0
}

// Addr returns the name's address, 127.0.0.1:PORT.
func (p *Ports) Addr(name string) string { return loopback(p.Number(name)) }

// Listener returns the open listener of the name, for a server in this process.
func (p *Ports) Listener(name string) net.Listener {
	p.mu.Lock()
	defer p.mu.Unlock()
	reserved := p.ports[name]
	if reserved == nil {
		return nil
	}
	l := reserved.held
	reserved.held = nil
	return l
}

// Release closes the listeners of a part that is about to listen there itself.
func (p *Ports) Release(names ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		if reserved := p.ports[name]; reserved != nil {
			reserved.release()
		}
	}
}

// Close gives up all ports.
func (p *Ports) Close() {
	p.mu.Lock()
	names := slices.Collect(maps.Keys(p.ports))
	p.mu.Unlock()
	p.Forget(names...)
}
