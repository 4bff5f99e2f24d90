//! What a State keeps to itself: referral, consent, plan and follow-up.
