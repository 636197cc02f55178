/* Tells the thread sanitizer what it cannot see of `Synchronization.Mutex`.
 *
 * Locking without contention is compiled into the program and is seen. The contended way is a
 * function of the Swift runtime, which is not instrumented: without this, whatever two threads do
 * under one lock after each other is reported as a race. Preloaded, it stands before those two
 * functions and says "acquired" and "released". Used by `Tests/run threads` alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

/* Of the sanitizer, in the program; other programs that this is loaded into have none. */
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

/* As Swift calls methods: the lock's word, `self`, in the register of the context. */
#define SELF __attribute__((swift_context)) void *word
typedef __attribute__((swiftcall)) void locking(uint32_t thread, SELF);
typedef __attribute__((swiftcall)) void unlocking(SELF);

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

static void *original(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    /* Another runtime: better no test than one that finds nothing. */
    if (!found) abort();
    return found;
}

__attribute__((swiftcall)) void lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
__attribute__((swiftcall)) void lock_slow(uint32_t thread, SELF) {
    ((locking *)original(LOCK_SLOW))(thread, word);
    if (__tsan_acquire) __tsan_acquire(word);
}

__attribute__((swiftcall)) void unlock_slow(SELF) __asm__(UNLOCK_SLOW);
__attribute__((swiftcall)) void unlock_slow(SELF) {
    if (__tsan_release) __tsan_release(word);
    ((unlocking *)original(UNLOCK_SLOW))(word);
}
