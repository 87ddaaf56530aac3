package parts

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
)

// Ports are free loopback ports. Each stays open until its part starts. They are below the
// ports that Linux assigns by itself (net.ipv4.ip_local_port_range, from 32768 on), so that
// no other program gets one of them between this and the moment when the part listens. A UDP
// socket with the same number marks a port for other labs. Parts that start concurrently may
// use Ports.
type Ports struct {
	mu     sync.Mutex
	number map[string]int
	held   map[string]net.Listener
	marks  map[string]net.PacketConn
}

// These are the first port of the range, and its size.
const firstPort, portCount = 20000, 12000

// Reserve reserves a free loopback port for each name.
func Reserve(names ...string) (*Ports, error) {
	p := &Ports{number: map[string]int{}, held: map[string]net.Listener{}, marks: map[string]net.PacketConn{}}
	if err := p.Add(names...); err != nil {
		return nil, err
	}
	return p, nil
}

// Add reserves a free loopback port for each further name, or for none of them.
func (p *Ports) Add(names ...string) error {
	for i, name := range names {
		port, l, mark, err := reserve()
		if err != nil {
			p.Forget(names[:i]...)
			return fmt.Errorf("reserving a port for %s: %w", name, err)
		}
		p.mu.Lock()
		p.held[name], p.marks[name], p.number[name] = l, mark, port
		p.mu.Unlock()
	}
	return nil
}

// reserve finds a port that no program and no other lab uses.
func reserve() (port int, l net.Listener, mark net.PacketConn, err error) {
	for range 1000 {
		port = firstPort + rand.IntN(portCount)
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if mark, err = net.ListenPacket("udp", address); err != nil {
			continue
		}
		if l, err = net.Listen("tcp", address); err == nil {
			return port, l, mark, nil
		}
		_ = mark.Close()
	}
	return 0, nil, nil, errors.Join(fmt.Errorf("1000 ports from %d on are used", firstPort), err)
}

// Forget gives up the ports of parts that are not started again.
func (p *Ports) Forget(names ...string) {
	p.Release(names...)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		if mark := p.marks[name]; mark != nil {
			_ = mark.Close()
		}
		delete(p.marks, name)
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

// Close gives up all ports.
func (p *Ports) Close() {
	p.mu.Lock()
	names := slices.Collect(maps.Keys(p.number))
	p.mu.Unlock()
	p.Forget(names...)
}
