-- The exponential form in DuckDB: value of each bucket in each scenario, summed over the assets. $product stands for the sum of the products of move and exposure.
select s.scenario, a.bucket, sum(a.value * exp($product)) as value
from stress_scenarios s
cross join stress_assets a
group by s.scenario, a.bucket
order by s.scenario, a.bucket
