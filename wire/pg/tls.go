package pg

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"
)

// alpn is the protocol's name in TLS; clients that start with TLS directly must send it.
const alpn = "postgresql"

// LoadTLS returns a configuration with the certificate chain and the key of two PEM files.
func LoadTLS(certFile, keyFile string) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("load TLS certificate %q with key %q: %w", certFile, keyFile, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// SelfSignedTLS returns a configuration with a fresh certificate for hosts (names or
// IP addresses), valid for 30 days. Clients can encrypt with it but not verify it:
// it is for tests and first steps.
func SelfSignedTLS(hosts ...string) (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a TLS key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make a TLS serial number: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "eider self-signed"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(30 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true, // so that a client may name it as its root
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make a TLS certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make a TLS certificate: %w", err)
	}
	cert := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// serverConfig is the configuration for one connection: it offers the protocol's ALPN
// name and notes the certificate that was used, which channel binding is about.
// direct connections must agree on the name (as PostgreSQL 17 has it).
func serverConfig(base *tls.Config, used **x509.Certificate) *tls.Config {
	cfg := base.Clone()
	cfg.NextProtos = []string{alpn}
	pick := cfg.GetCertificate
	certs := cfg.Certificates
	cfg.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := pickCertificate(pick, certs, hello)
		if err != nil {
			return nil, err
		}
		leaf := cert.Leaf
		if leaf == nil {
			if leaf, err = x509.ParseCertificate(cert.Certificate[0]); err != nil {
				return nil, err
			}
		}
		*used = leaf
		return cert, nil
	}
	cfg.Certificates = nil // else they'd be preferred to GetCertificate when the client sends no server name
	return cfg
}

func pickCertificate(pick func(*tls.ClientHelloInfo) (*tls.Certificate, error), certs []tls.Certificate, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if pick != nil && (len(certs) == 0 || hello.ServerName != "") {
		if cert, err := pick(hello); cert != nil || err != nil {
			return cert, err
		}
	}
	for i := range certs {
		if hello.SupportsCertificate(&certs[i]) == nil {
			return &certs[i], nil
		}
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("no TLS certificate is configured")
	}
	return &certs[0], nil
}

// endPointHash is tls-server-end-point of RFC 5929: the certificate's hash by the
// algorithm of its signature, SHA-256 for MD5 and SHA-1. ok is false where the
// signature has no hash of its own (Ed25519); then channel binding isn't offered.
func endPointHash(cert *x509.Certificate) (sum []byte, ok bool) {
	if cert == nil {
		return nil, false
	}
	var h crypto.Hash
	switch cert.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.ECDSAWithSHA256:
		h = crypto.SHA256
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		h = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		h = crypto.SHA512
	default:
		return nil, false
	}
	d := h.New()
	d.Write(cert.Raw)
	return d.Sum(nil), true
}
