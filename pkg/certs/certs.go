// Package certs makes client certificates and what they come from: keys,
// subjects, certificate requests, signatures of a CA whose key is at hand, and
// PKCS#12 files. It checks with the same care what others made.
//
// It takes bytes and gives bytes: it opens no file, asks no cluster and has no
// clock. Its only source is crypto/rand. No private key and no password is ever
// part of an error.
package certs
