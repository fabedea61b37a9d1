"""llama.cpp through llama-cpp-python, for bench/inference: loads the GGUF file argv[1] with two threads, prints "ready", then answers each line of stdin
("decode N" or "prefill N") with tokens a second. The loop is over the C functions, so nothing but llama.cpp is timed."""
import ctypes, sys, time
import llama_cpp

silence = llama_cpp.llama_log_callback(lambda level, text, data: None)  # kept: C calls it for as long as it logs
llama_cpp.llama_log_set(silence, ctypes.c_void_p(0))
model = llama_cpp.Llama(sys.argv[1], n_ctx=1024, n_batch=512, n_threads=2, n_threads_batch=2, verbose=False)
ids = lambda count: [1000 + (i * 7919) % 20000 for i in range(count)]
print("ready", flush=True)
for line in sys.stdin:
    what, count = line.split()
    count = int(count)
    model.reset()
    if what == "prefill":
        start = time.perf_counter()
        model.eval(ids(count))
    else:
        model.eval(ids(16))
        token = [1000]
        model.eval(token)
        start = time.perf_counter()
        for i in range(count):
            model.eval([1000 + i])
    print(count / (time.perf_counter() - start), flush=True)
