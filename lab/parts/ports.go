package parts

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
)

// Ports are free loopback ports of the kernel. Each stays open until its part starts, so that
// no other lab gets it. Parts that start concurrently may use it.
type Ports struct {
	mu     sync.Mutex
	number map[string]int
	held   map[string]net.Listener
}

// Reserve reserves a free loopback port for each name.
func Reserve(names ...string) (*Ports, error) {
	p := &Ports{number: map[string]int{}, held: map[string]net.Listener{}}
	if err := p.Add(names...); err != nil {
		return nil, err
	}
	return p, nil
}

// Add reserves a free loopback port for each further name, or for none of them.
func (p *Ports) Add(names ...string) error {
	for i, name := range names {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			p.Forget(names[:i]...)
			return fmt.Errorf("reserving a port for %s: %w", name, err)
		}
		p.mu.Lock()
		p.held[name], p.number[name] = l, l.Addr().(*net.TCPAddr).Port
		p.mu.Unlock()
	}
	return nil
}

// Forget gives up the ports of parts that are not started again.
func (p *Ports) Forget(names ...string) {
	p.Release(names...)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		delete(p.number, name)
	}
}

// Again opens the listeners of a part that is started again, at the same ports.
func (p *Ports) Again(names ...string) error {
	for _, name := range names {
		l, err := net.Listen("tcp", p.Addr(name))
		if err != nil {
			return fmt.Errorf("reserving the port of %s again: %w", name, err)
		}
		p.mu.Lock()
		p.held[name] = l
		p.mu.Unlock()
	}
	return nil
}

// Number returns the port of the name, 0 if none is reserved.
func (p *Ports) Number(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.number[name]
}

// Addr returns the name's address, 127.0.0.1:PORT.
func (p *Ports) Addr(name string) string { return fmt.Sprintf("127.0.0.1:%d", p.Number(name)) }

// Listener returns the open listener of the name, for a server in this process.
func (p *Ports) Listener(name string) net.Listener {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.held[name]
	delete(p.held, name)
	return l
}

// Release closes the listeners of a part that is about to listen there itself.
func (p *Ports) Release(names ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		if l := p.held[name]; l != nil {
			_ = l.Close()
			delete(p.held, name)
		}
	}
}

// Close closes all listeners that are still open.
func (p *Ports) Close() {
	p.mu.Lock()
	names := slices.Collect(maps.Keys(p.held))
	p.mu.Unlock()
	p.Release(names...)
}
