//! What every engine keeps: functions that take an empty catalog. `contract_suite!` makes a test of each.

pub(crate) mod adopt;
pub(crate) mod audit;
pub(crate) mod blobs;
pub(crate) mod changes;
pub(crate) mod copies;
pub(crate) mod listing;
pub(crate) mod members;
pub(crate) mod model;
pub(crate) mod objects;
pub(crate) mod put;
pub(crate) mod races;
pub(crate) mod scrubs;
pub(crate) mod uploads;

/// Makes a test of every function of the contract. `$open` answers an empty catalog and what keeps it alive.
macro_rules! contract_suite {
    ($open:path) => {
        $crate::contract::contract_suite! { @tests $open;
            members::a_member_comes_with_a_bucket_of_its_name
            members::members_are_listed_by_name_in_pages
            members::a_member_changes
            members::a_member_goes_when_its_buckets_are_empty
            members::keys_are_added_found_and_revoked
            members::buckets_are_unique_and_limited
            members::a_host_name_belongs_to_one_bucket
            members::a_bucket_goes_when_it_is_empty
            objects::an_object_comes_back_as_it_was_put
            objects::an_object_may_keep_an_earlier_time
            objects::keys_differ_byte_by_byte
            objects::removal_answers_for_every_key
            objects::removal_respects_conditions
            objects::acl_and_tags_change_without_the_content
            objects::a_change_that_would_publish_is_refused
            put::equal_content_is_one_blob
            put::private_content_is_never_shared
            put::a_scope_that_does_not_follow_from_the_acl_is_refused
            put::an_overwrite_counts_the_difference
            put::conditions_decide_before_anything_changes
            put::limits_hold_over_all_buckets_of_a_member
            put::a_member_beyond_its_limit_may_shrink
            put::checks_come_in_order
            put::a_refused_claim_leaves_the_blob_to_the_collector
            put::a_second_uploader_joins_the_first
            put::completing_removes_the_upload_in_the_same_step
            put::an_object_that_moves_keeps_what_it_carries
            put::many_header_sets_come_back
            uploads::an_upload_comes_back_as_it_was_started
            uploads::parts_are_kept_replaced_and_listed
            uploads::removal_answers_the_staging_keys
            uploads::old_uploads_come_oldest_first
            uploads::staged_keys_are_accounted_for
            listing::pages_of_objects_follow_the_model
            listing::pages_of_uploads_follow_the_model
            listing::folders_are_shown_once_and_jumped_over
            blobs::a_blob_is_found_while_its_bytes_are_in_the_store
            blobs::an_idle_blob_is_claimed_after_its_grace_period
            blobs::a_blob_that_is_referenced_again_is_not_claimed
            blobs::a_lease_that_ran_out_is_claimed
            blobs::an_upload_waits_for_a_deletion
            blobs::an_abandoned_deletion_is_taken_over_late_and_as_uncertain
            blobs::a_postponed_deletion_waits_out_its_quarantine
            blobs::a_delete_of_unknown_outcome_is_repeated
            blobs::a_late_uploader_finds_its_claim_gone
            blobs::claims_keep_to_their_limit
            audit::blob_rows_come_in_the_order_of_their_digests
            audit::mappings_are_walked_over_all_buckets
            audit::parts_and_uploads_are_walked_in_the_order_of_their_keys
            audit::a_recount_tells_what_is_wrong_and_a_correction_rights_it
            audit::a_count_below_zero_is_taken_for_none
            audit::unknown_bytes_are_claimed_once_and_uploads_wait
            audit::lost_objects_and_blobs_go_and_the_content_may_come_again
            audit::a_recount_is_of_one_moment
            blobs::blobs_whose_hashes_begin_alike_are_told_apart
            blobs::hashes_are_accounted_for
            changes::every_change_is_noted_and_forgotten_when_told
            changes::changes_are_read_in_pages_of_the_oldest
            changes::accounts_are_noted_whole
            changes::numbers_go_on_from_the_present
            copies::a_replica_comes_and_goes
            copies::every_new_blob_is_queued_once
            copies::a_copy_is_leased_and_tried_again
            copies::copies_go_after_their_grace_and_come_back_with_the_content
            copies::a_removal_that_was_begun_is_waited_out
            copies::bytes_that_a_removal_may_have_met_are_put_again
            copies::bytes_that_are_being_put_back_go_with_their_blob
            copies::bytes_at_a_store_that_was_taken_away_are_put_again
            copies::after_a_promotion_blobs_are_queued_for_wherever_they_are_not
            copies::a_lost_copy_is_queued_while_its_blob_lives
            scrubs::a_scrub_is_claimed_by_one_and_goes_on_where_it_was
            model::counts_stay_exact_whatever_happens
            adopt::names_are_adopted_with_exact_counts
            adopt::an_adoption_goes_on_where_it_was
            adopt::an_adoption_waits_for_a_deletion
            adopt::many_names_are_adopted_at_once
            adopt::an_adopted_blob_is_described_once
            adopt::a_shortened_key_answers_for_the_whole_one
            races::many_uploads_of_one_content_make_one_blob
            races::a_mapped_key_always_has_its_bytes
            races::counts_stay_exact_when_all_write_the_same_keys
            races::limits_are_exact_when_all_come_at_once
            races::a_name_is_given_once
            races::nothing_is_put_into_a_bucket_that_goes
            races::no_part_outlives_its_upload
        }
    };
    (@tests $open:path; $($module:ident::$test:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let (catalog, _keep) = $open().await;
            crate::contract::$module::$test(catalog).await;
        }
    )*};
}

pub(crate) use contract_suite;
