-- The two tables that factor-exposure.sql reads; $exposures and $moves stand for one column a factor.
create or replace table stress_assets (bucket integer, value double, $exposures);
create or replace table stress_scenarios (scenario integer, $moves);
