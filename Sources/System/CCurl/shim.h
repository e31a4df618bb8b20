#pragma once
#include <curl/curl.h>
#include <dlfcn.h>
#include <stddef.h>

// libcurl's functions as pointers: the library is loaded by those who use the network, not with the program.

// X(field, function): all that are called.
#define DATAMAKE_CURL_FUNCTIONS(X) \
    X(global_init, curl_global_init) \
    X(easy_init, curl_easy_init) \
    X(easy_cleanup, curl_easy_cleanup) \
    X(easy_setopt, curl_easy_setopt) \
    X(easy_getinfo, curl_easy_getinfo) \
    X(easy_strerror, curl_easy_strerror) \
    X(slist_append, curl_slist_append) \
    X(slist_free_all, curl_slist_free_all) \
    X(multi_init, curl_multi_init) \
    X(multi_cleanup, curl_multi_cleanup) \
    X(multi_setopt, curl_multi_setopt) \
    X(multi_add_handle, curl_multi_add_handle) \
    X(multi_remove_handle, curl_multi_remove_handle) \
    X(multi_perform, curl_multi_perform) \
    X(multi_poll, curl_multi_poll) \
    X(multi_wakeup, curl_multi_wakeup) \
    X(multi_info_read, curl_multi_info_read) \
    X(url_new, curl_url) \
    X(url_cleanup, curl_url_cleanup) \
    X(url_get, curl_url_get) \
    X(url_set, curl_url_set) \
    X(getdate, curl_getdate) \
    X(free, curl_free)

// Each field has the type of its function in libcurl's headers.
struct curl_functions {
#define DATAMAKE_CURL_FIELD(field, function) __typeof__(function) *field;
    DATAMAKE_CURL_FUNCTIONS(DATAMAKE_CURL_FIELD)
#undef DATAMAKE_CURL_FIELD
};

// Loads a shared library by its name or path and finds the functions in it. NULL, or what the loader says is wrong; that text is
// valid until the thread's next call of the loader.
static inline const char *curl_functions_load(struct curl_functions *functions, const char *name) {
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
#define DATAMAKE_CURL_FIND(field, function) \
    functions->field = (__typeof__(function) *)dlsym(library, #function); \
    if (!functions->field) return dlerror();
    DATAMAKE_CURL_FUNCTIONS(DATAMAKE_CURL_FIND)
#undef DATAMAKE_CURL_FIND
    return NULL;
}

// Swift cannot call C functions with variadic arguments: one shim a kind of argument.

static inline CURLcode curl_setopt_long(
    const struct curl_functions *curl, CURL *handle, CURLoption option, long value) {
    return curl->easy_setopt(handle, option, value);
}
static inline CURLcode curl_setopt_offset(
    const struct curl_functions *curl, CURL *handle, CURLoption option, curl_off_t value) {
    return curl->easy_setopt(handle, option, value);
}
static inline CURLcode curl_setopt_string(
    const struct curl_functions *curl, CURL *handle, CURLoption option, const char *value) {
    return curl->easy_setopt(handle, option, value);
}
static inline CURLcode curl_setopt_pointer(
    const struct curl_functions *curl, CURL *handle, CURLoption option, void *value) {
    return curl->easy_setopt(handle, option, value);
}
typedef size_t (*curl_data_function)(char *data, size_t size, size_t count, void *user);
static inline CURLcode curl_setopt_data_function(
    const struct curl_functions *curl, CURL *handle, CURLoption option, curl_data_function value) {
    return curl->easy_setopt(handle, option, value);
}
static inline CURLcode curl_getinfo_offset(
    const struct curl_functions *curl, CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl->easy_getinfo(handle, info, value);
}
static inline CURLMcode curl_multi_setopt_long(
    const struct curl_functions *curl, CURLM *multi, CURLMoption option, long value) {
    return curl->multi_setopt(multi, option, value);
}
static inline CURLcode curl_message_result(const CURLMsg *message) { return message->data.result; }
