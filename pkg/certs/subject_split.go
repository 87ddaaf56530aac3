package certs

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// splitSlashes splits a subject as OpenSSL 3's parse_name does (apps/lib/apps.c). What
// OpenSSL skips with a warning is an error here.
func splitSlashes(text string) ([]piece, error) {
	var pieces []piece
	for at, joined := len("/"), false; at < len(text) || joined; {
		name, _, found := strings.Cut(text[at:], "=")
		if !found || strings.ContainsAny(name, "/+") {
			return nil, noValue(text, at, "/+")
		}
		p := piece{at: at, name: name, joined: joined}
		var value []byte
		joined = false
		for at += len(name) + 1; at < len(text) && text[at] != '/' && text[at] != '+'; at++ {
			if text[at] == '\\' {
				if at++; at == len(text) {
					return nil, wrongSubject(text, at-1, `\`, fmt.Errorf("nothing comes after it; write a backslash twice"))
				}
			}
			value = append(value, text[at])
		}
		joined = at < len(text) && text[at] == '+'
		at++
		p.value = string(value)
		pieces = append(pieces, p)
		at = min(at, len(text))
	}
	return pieces, nil
}

// splitRFC4514 splits a subject according to RFC 4514 section 3, and allows spaces around
// names and values, as RFC 2253 section 4 did.
func splitRFC4514(text string) ([]piece, error) {
	var pieces []piece
	joined := false
	for at := 0; at < len(text) || len(pieces) > 0; {
		at += len(text[at:]) - len(strings.TrimLeft(text[at:], " "))
		name, _, found := strings.Cut(text[at:], "=")
		if !found || strings.ContainsAny(name, ",+;") {
			return nil, noValue(text, at, ",+;")
		}
		p := piece{at: at, name: strings.TrimRight(name, " "), joined: joined}
		at += len(name) + 1
		at += len(text[at:]) - len(strings.TrimLeft(text[at:], " "))
		var err error
		if strings.HasPrefix(text[at:], "#") {
			at, err = p.readHex(text, at)
		} else {
			at, err = p.readText(text, at)
		}
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, p)
		if at == len(text) {
			break
		}
		joined = text[at] == '+'
		at++
	}
	return pieces, nil
}

// readHex reads the value that begins with "#" at a byte, and returns where it ends.
func (p *piece) readHex(text string, at int) (int, error) {
	end := at + strings.IndexAny(text[at:]+",", ",+")
	p.value = strings.TrimRight(text[at:end], " ")
	var err error
	if p.der, err = hex.DecodeString(p.value[1:]); err != nil || len(p.der) == 0 {
		return 0, wrongSubject(text, at, p.value, fmt.Errorf(`what comes after "#" is not hexadecimal; write "\#" for a value that begins with #`))
	}
	return end, nil
}

// readText reads the value at a byte, and returns where it ends.
func (p *piece) readText(text string, at int) (int, error) {
	var value []byte
	kept := 0 // how much of the value is not a space that may be dropped
	for ; at < len(text) && text[at] != ',' && text[at] != '+'; at++ {
		switch c := text[at]; c {
		case '\\':
			read, width := readEscape(text[at+1:])
			if width == 0 {
				_, size := utf8.DecodeRuneInString(text[at+1:])
				return 0, wrongSubject(text, at, text[at:at+1+size], fmt.Errorf(`after "\" comes one of , + " \ < > ; # = or a space, or two hexadecimal digits; write a backslash twice`))
			}
			value = append(value, read)
			at += width
			kept = len(value)
		case '"', ';', '<', '>':
			return 0, wrongSubject(text, at, string(c), fmt.Errorf(`write it as "\%c"`, c))
		default:
			if value = append(value, c); c != ' ' {
				kept = len(value)
			}
		}
	}
	p.value = string(value[:kept])
	return at, nil
}

// readEscape reads the text after a backslash, and returns how long it is: zero if it is not
// an escape sequence.
func readEscape(rest string) (byte, int) {
	if rest != "" && strings.IndexByte(`,+"\<>;#= `, rest[0]) >= 0 {
		return rest[0], 1
	}
	if len(rest) >= 2 {
		if read, err := hex.DecodeString(rest[:2]); err == nil {
			return read[0], 2
		}
	}
	return 0, 0
}

// noValue is the error about a piece without "=".
func noValue(text string, at int, separators string) error {
	found := text[at:]
	if end := strings.IndexAny(found, separators); end >= 0 {
		found = found[:end]
	}
	return wrongSubject(text, at, found, fmt.Errorf(`there is no "=" in it; write NAME=VALUE, and "\" before a separator that belongs to the value before`))
}
