// Package certs creates client certificates and their parts: keys, subjects, certificate
// requests, signatures of a CA whose key is available, and PKCS#12 files. It applies the
// same checks to the input of others.
//
// Its input and output are bytes: it opens no file, sends no requests and reads no clock.
// Its only source of randomness is crypto/rand. No private key and no password is ever part of an error.
package certs
