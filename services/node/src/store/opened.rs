//! What a command says of a store that it has opened: what that found and did.

use event_store::{RECORDS_LOST, Recovery};

/// Lines for people; none where there is nothing to tell.
pub(super) fn told(recovery: Recovery) -> String {
    let Recovery { cut_bytes, index_was_ahead, indexed_records: _, index_rebuilt: _ } = recovery;
    let mut text = String::new();
    if cut_bytes > 0 {
        text = format!(
            "cut: {cut_bytes} bytes off the end of the journal: torn by a crash, or damaged; which \
             of both cannot be told\n"
        );
    }
    if index_was_ahead {
        text.push_str("RECORDS ARE LOST: what was stored is gone from the journal; `");
        text.push_str(RECORDS_LOST);
        text.push_str("` in the folder of the store says how many (docs/operations.md)\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_is_not_called_unanswered_and_what_is_lost_is_said() {
        let recovery = |cut_bytes, index_was_ahead| Recovery {
            cut_bytes,
            index_was_ahead,
            ..Recovery::default()
        };
        assert_eq!(told(recovery(0, false)), "");
        let cut = told(recovery(96, false));
        assert!(
            cut.starts_with("cut: 96 bytes off the end") && cut.contains("or damaged"),
            "{cut}"
        );
        assert_eq!(cut.lines().count(), 1);
        let both = told(recovery(96, true));
        assert!(both.starts_with(&cut) && both.contains("\nRECORDS ARE LOST: "), "{both}");
    }
}
