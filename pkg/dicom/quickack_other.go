//go:build !linux

package dicom

import "net"

// quickAck is for Linux; others have no such option.
func quickAck(net.Conn) func() { return func() {} }
