#pragma once

// The digests themselves, and not the EVP interface around them: EVP reads a configuration and looks for providers first, which
// takes 0.7 to 1.5 ms of a process's first digest while all its threads wait, and 0.4 ms when the process ends. OpenSSL 3 calls
// them deprecated in favour of EVP, for programs that want providers.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>
