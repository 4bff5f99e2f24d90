//! One target under AFL++: `fuzz-afl TARGET`, started by `fuzz/run`.

use fuzz::target::Target;
use fuzz::variant;

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let target = Target::named(&name).expect("the first argument names a target");
    // Whatever is made once is made before the first input, so that each run is like the others.
    target.check(&[]);
    afl::fuzz(true, |bytes| {
        target.check(bytes);
        variant::near(bytes).for_each(|bytes| target.check(&bytes));
    });
}
