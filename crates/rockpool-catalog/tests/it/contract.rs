//! What every engine keeps: functions that take an empty catalog. `contract_suite!` makes a test of each.

pub(crate) mod objects;

/// Makes a test of every function of the contract. `$open` answers an empty catalog and what keeps it alive.
macro_rules! contract_suite {
    ($open:path) => {
        contract_suite! { @tests $open;
            objects::an_object_comes_back_as_it_was_put
            objects::equal_content_is_one_blob
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
